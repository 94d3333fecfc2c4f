import { PunkuError } from '../../core/error.ts'
import type { JsonObject } from '../json-facts.ts'
import type { AnswerRenderer, RenderedHead } from './answer-renderer.ts'
import { fieldsOf } from './json-fields.ts'
import { type CallForms, PLAIN_CALLS } from './responses/call-forms.ts'
import type { ResponsesEvent } from './responses/item-form.ts'
import { ResponseStream } from './responses/response-stream.ts'

/**
 * Writes an answer of OpenAI's `/v1/responses`.
 *
 * @param forms how the client knows the tools that it calls by other names, `callFormsOf` its request. Default: each is a
 *   plain function by the name that the model calls it.
 * @param echo `responseEcho` of its request. Default: nothing is told again
 */
export function renderResponses(
  head: RenderedHead,
  forms: CallForms = PLAIN_CALLS,
  echo: JsonObject = {},
): AnswerRenderer {
  const to = { head, echo }
  let stream: ResponseStream | undefined
  let frames = ''
  let sequenceNumber = 0
  const write = (event: ResponsesEvent) => {
    frames += `event: ${event.type}\ndata: {${fieldsOf(event)},"sequence_number":${sequenceNumber++}}\n\n`
  }
  return {
    frames(parts) {
      frames = ''
      stream ??= new ResponseStream(to, forms, write)
      for (const part of parts) stream.push(part)
      return frames
    },
    whole(parts) {
      const whole = new ResponseStream(to, forms, () => {})
      for (const part of parts) whole.push(part)
      whole.push({ kind: 'end' })
      if (whole.limit !== undefined) throw new PunkuError('upstream_failed', whole.limit)
      return JSON.stringify(whole.response)
    },
  }
}
