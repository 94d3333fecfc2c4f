import type { Dialect } from '../dialect.ts'
import { asText, parseObject } from '../json-facts.ts'
import { keepAliveOf, lastFrame, observeStream } from '../stream-formats.ts'
import { NO_USAGE } from '../usage.ts'
import { ollamaError } from './errors.ts'
import { readOllamaUsage } from './usage.ts'

/** Ollama's own API, `/api/*`. */
export const ollamaDialect: Dialect = {
  name: 'ollama',
  renderError: (error) => ollamaError(error),
  renderStreamError: (error, _requestId, format, isBetweenFrames) =>
    lastFrame(format, isBetweenFrames, `${ollamaError(error)}\n`),
  keepAlive: keepAliveOf,
  observe: observeStream,
  readAnswer(_route, body) {
    const answer = parseObject(body.toString())
    if (answer === undefined) return { usage: NO_USAGE, model: undefined }
    return { usage: readOllamaUsage(answer), model: asText(answer['model']) }
  },
}
