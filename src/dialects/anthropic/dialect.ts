import type { Dialect } from '../dialect.ts'
import { asObject, asText, parseObject } from '../json-facts.ts'
import { keepAliveOf, lastFrame, observeStream } from '../stream-formats.ts'
import { NO_USAGE } from '../usage.ts'
import { anthropicError } from './errors.ts'
import { readAnthropicUsage } from './usage.ts'

/** Anthropic's API, `/v1/messages`. */
export const anthropicDialect: Dialect = {
  name: 'anthropic',
  renderError: anthropicError,
  renderStreamError: (error, requestId, format, isBetweenFrames) =>
    lastFrame(format, isBetweenFrames, `event: error\ndata: ${anthropicError(error, requestId)}\n\n`),
  keepAlive: keepAliveOf,
  observe: observeStream,
  readAnswer(_route, body) {
    const answer = parseObject(body.toString())
    const usage = asObject(answer?.['usage'])
    return { usage: usage === undefined ? NO_USAGE : readAnthropicUsage(usage), model: asText(answer?.['model']) }
  },
}
