import { type ItemForm, type ItemStatus, itemAdded, itemDone } from './item-form.ts'

/** What the model says. `index`: its place in the output. */
export function messageForm(headId: string, index: number): ItemForm {
  const id = `msg_${headId}_${index}`
  const place = { item_id: id, output_index: index, content_index: 0 }
  const part = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] })
  const item = (status: ItemStatus, ...content: readonly object[]) => {
    return { id, type: 'message', status, role: 'assistant', content }
  }
  return {
    opening: () => [
      itemAdded(index, item('in_progress')),
      { type: 'response.content_part.added', ...place, part: part('') },
    ],
    delta: (delta) => [{ type: 'response.output_text.delta', ...place, delta, logprobs: [] }],
    closing: (status, text) => [
      { type: 'response.output_text.done', ...place, text, logprobs: [] },
      { type: 'response.content_part.done', ...place, part: part(text) },
      itemDone(index, item(status, part(text))),
    ],
    item: (status, text) => item(status, part(text)),
  }
}

/** What the model thinks. It is written as a summary, which is what clients show and send back. It has no status. */
export function reasoningForm(headId: string, index: number): ItemForm {
  const id = `rs_${headId}_${index}`
  const place = { item_id: id, output_index: index, summary_index: 0 }
  const part = (text: string) => ({ type: 'summary_text', text })
  const item = (...summary: readonly object[]) => ({ id, type: 'reasoning', summary })
  return {
    opening: () => [
      itemAdded(index, item()),
      { type: 'response.reasoning_summary_part.added', ...place, part: part('') },
    ],
    delta: (delta) => [{ type: 'response.reasoning_summary_text.delta', ...place, delta }],
    closing: (_status, text) => [
      { type: 'response.reasoning_summary_text.done', ...place, text },
      { type: 'response.reasoning_summary_part.done', ...place, part: part(text) },
      itemDone(index, item(part(text))),
    ],
    item: (_status, text) => item(part(text)),
  }
}
