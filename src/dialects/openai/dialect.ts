import type { Dialect } from '../dialect.ts'
import { asText, parseObject } from '../json-facts.ts'
import { keepAliveOf, lastFrame, observeStream } from '../stream-formats.ts'
import { NO_USAGE } from '../usage.ts'
import { openaiError, openaiErrorEvent } from './errors.ts'
import { readLlamaUsage, readOpenaiUsage } from './usage.ts'

/** OpenAI's API, and what llama-server, vLLM and LM Studio have beside it. */
export const openaiDialect: Dialect = {
  name: 'openai',
  renderError: (error) => openaiError(error),
  renderStreamError(error, _requestId, format, isBetweenFrames) {
    const frame =
      format === 'openai-responses'
        ? `event: error\ndata: ${openaiErrorEvent(error)}\n\n`
        : `data: ${openaiError(error)}\n\n`
    return lastFrame(format, isBetweenFrames, frame)
  },
  keepAlive: keepAliveOf,
  observe: observeStream,
  readAnswer(route, body) {
    const answer = parseObject(body.toString())
    if (answer === undefined) return { usage: NO_USAGE, model: undefined }
    const usage = route.stream?.format === 'llama-stop' ? readLlamaUsage(answer) : readOpenaiUsage(answer)
    return { usage: usage ?? NO_USAGE, model: asText(answer['model']) }
  },
}
