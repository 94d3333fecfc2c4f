import { PunkuError } from '../../core/error.ts'
import { ollamaShow } from '../../dialects/ollama/listing.ts'
import { readAnthropicRequest } from '../../formats/conversation/read-anthropic.ts'
import { parseObject } from '../../formats/json-facts.ts'
import { estimateTokens } from '../../formats/token-estimate.ts'
import { type Answer, jsonAnswer } from '../reply/answer.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Ask } from './ask.ts'

/**
 * The gateway's own answer where the model's server lacks the route: what is known of the model, or about how many tokens a
 * prompt has, which is then said to be an estimate. Throws `invalid_request`.
 */
export function standInAnswer({ route, body, models: [model] }: Ask, { known }: Upstream): Answer {
  if (route.path === '/api/show') {
    const found = model && known.modelOf(model.canonical)
    if (found === undefined) throw new PunkuError('model_not_found', 'The model server does not have that model.')
    return jsonAnswer(200, ollamaShow({ ...found, server: known.server }))
  }
  const fields = Buffer.isBuffer(body) ? parseObject(body.toString()) : undefined
  if (fields === undefined) throw new PunkuError('invalid_request', 'The request must be a JSON object.')
  const answer = jsonAnswer(200, { input_tokens: estimateTokens(readAnthropicRequest(fields)) })
  return { ...answer, headers: [...answer.headers, 'x-punku-estimated', 'input_tokens'] }
}
