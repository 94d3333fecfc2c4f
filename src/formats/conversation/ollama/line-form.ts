import type { TokenLogprob } from '../../answer-parts.ts'
import type { Usage } from '../../format.ts'
import { parseObject } from '../../json-facts.ts'
import type { RenderedHead, StopReason } from '../answer-renderer.ts'
import type { GatheredCall } from '../gathered-answer.ts'
import { fieldsOf } from '../json-fields.ts'
import { logprobForm } from '../logprob-form.ts'

const NS_PER_MS = 1_000_000

/** What a line says. */
export interface LineContent {
  readonly text?: string
  readonly thinking?: string
  readonly calls?: readonly GatheredCall[]
}

/** Writes the fields of a line that say something, as JSON without the braces around them. */
export type ContentForm = (content: LineContent) => string

/** `/api/chat`: a message. */
export const chatContent: ContentForm = ({ text = '', thinking, calls = [] }) => {
  const fields = fieldsOf({ role: 'assistant', content: text, thinking })
  const called = calls.length === 0 ? '' : `,"tool_calls":[${calls.map(callOf).join(',')}]`
  return `"message":{${fields}${called}}`
}

/** `/api/generate`: fields of their own. It has no place for calls. */
export const generateContent: ContentForm = ({ text = '', thinking }) => fieldsOf({ response: text, thinking })

/** Makes the lines of one answer, without their ends, of fields. */
export function lineMaker({ model, atMs }: RenderedHead): (...fields: readonly string[]) => string {
  const common = fieldsOf({ model, created_at: new Date(atMs).toISOString() })
  return (...fields) => escapeBreaks(`{${[common, ...fields].join(',')}}`)
}

/** The field `logprobs` of tokens. */
export function lineLogprobs(tokens: readonly TokenLogprob[]): string {
  return fieldsOf({ logprobs: tokens.map((token) => logprobForm(token, undefined)) })
}

/**
 * The fields of the last line. Ollama has a word for the end and one for the limit of length, and calls are the end. How
 * long it took nobody told but for loading; Ollama leaves such fields out too.
 */
export function endFields(reason: StopReason, { promptTokens, completionTokens, loadMs }: Usage): string {
  return fieldsOf({
    done: true,
    done_reason: reason === 'length' ? 'length' : 'stop',
    load_duration: loadMs === undefined ? undefined : Math.round(loadMs * NS_PER_MS),
    prompt_eval_count: promptTokens,
    eval_count: completionTokens,
  })
}

/** The error of an answer that failed: the last line of a stream, or in place of a whole answer. */
export function failedLine(message: string): string {
  return escapeBreaks(JSON.stringify({ error: message }))
}

function callOf({ at, id, name, arguments: text }: GatheredCall): string {
  return `{"id":${JSON.stringify(id)},"function":{${fieldsOf({ index: at, name })},"arguments":${objectText(text)}}}`
}

/**
 * Arguments as JSON of an object, in one line. They go on as the model wrote them, so that no long number is rounded. Of none
 * an empty object is made; of what is no object, one whose `input` is that text, so that nothing is lost.
 */
function objectText(text: string): string {
  if (text.trim() === '') return '{}'
  return parseObject(text) === undefined ? JSON.stringify({ input: text }) : text.replace(/[\r\n]/g, ' ')
}

/** Python's clients take these for the end of a line too. In JSON they stand in texts alone, where an escape is the same. */
function escapeBreaks(line: string): string {
  return line.replace(/[\u0085\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
