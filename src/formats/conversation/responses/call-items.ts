import { type CallForm, customInput } from './call-forms.ts'
import { type ItemForm, type ItemStatus, itemAdded, itemDone } from './item-form.ts'

/** A call of a tool, in the form its client knows the tool by. `index`: its place in the output. */
export function callForm(headId: string, index: number, callId: string, form: CallForm): ItemForm {
  return form.kind === 'custom' ? customCall(headId, index, callId, form) : functionCall(headId, index, callId, form)
}

/** A call without arguments has those of an empty object. */
function functionCall(headId: string, index: number, callId: string, form: CallForm): ItemForm {
  const id = `fc_${headId}_${index}`
  const place = { item_id: id, output_index: index }
  const delta = (piece: string) => [{ type: 'response.function_call_arguments.delta', ...place, delta: piece }]
  const item = (status: ItemStatus, text: string) => {
    return { id, type: 'function_call', status, call_id: callId, ...named(form), arguments: text }
  }
  const whole = (status: ItemStatus, text: string) => (text === '' && status === 'completed' ? '{}' : text)
  return {
    opening: () => [itemAdded(index, item('in_progress', ''))],
    delta,
    closing: (status, text) => [
      ...(whole(status, text) === text ? [] : delta(whole(status, text))),
      { type: 'response.function_call_arguments.done', ...place, name: form.name, arguments: whole(status, text) },
      itemDone(index, item(status, whole(status, text))),
    ],
    item: (status, text) => item(status, whole(status, text)),
  }
}

/** The input of a custom tool is a text within the arguments: it is told when they are complete. */
function customCall(headId: string, index: number, callId: string, form: CallForm): ItemForm {
  const id = `ctc_${headId}_${index}`
  const place = { item_id: id, output_index: index }
  const item = (status: ItemStatus, input: string) => {
    return { id, type: 'custom_tool_call', status, call_id: callId, ...named(form), input }
  }
  return {
    opening: () => [itemAdded(index, item('in_progress', ''))],
    delta: () => [],
    closing: (status, text) => {
      const input = customInput(text)
      return [
        ...(input === '' ? [] : [{ type: 'response.custom_tool_call_input.delta', ...place, delta: input }]),
        { type: 'response.custom_tool_call_input.done', ...place, input },
        itemDone(index, item(status, input)),
      ]
    },
    item: (status, text) => item(status, customInput(text)),
  }
}

function named({ name, namespace }: CallForm) {
  return { name, ...(namespace !== undefined && { namespace }) }
}
