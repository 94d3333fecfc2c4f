import { expect, it, test } from 'vitest'
import { faultOfFrames, namedFrames } from '../../../test/support/order-fault-of.ts'

type Fields = Readonly<Record<string, unknown>>
type Events = readonly Fields[]

const RESPONSE = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] }
const CREATED = { type: 'response.created', response: RESPONSE }
const IN_PROGRESS = { type: 'response.in_progress', response: RESPONSE }
const last = (status: string, output: readonly unknown[], more: Fields = {}) => ({
  type: `response.${status}`,
  response: { ...RESPONSE, status, output, ...more },
})
const ERROR = { code: 'server_error', message: 'It crashed.' }

/** The events of an item that has this text, in two pieces. */
interface Told {
  readonly whole: Fields
  readonly events: Events
}

const added = (at: number, item: object): Fields => ({
  type: 'response.output_item.added',
  output_index: at,
  item,
})
const done = (at: number, item: object): Fields => ({ type: 'response.output_item.done', output_index: at, item })

function message(at: number): Told {
  const id = `msg_${at}`
  const place = { item_id: id, output_index: at, content_index: 0 }
  const item = { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
  const part = (text: string) => ({ type: 'output_text', text, annotations: [] })
  const whole = { ...item, status: 'completed', content: [part('Hi you')] }
  return {
    whole,
    events: [
      added(at, item),
      { type: 'response.content_part.added', ...place, part: part('') },
      { type: 'response.output_text.delta', ...place, delta: 'Hi' },
      { type: 'response.output_text.delta', ...place, delta: ' you' },
      { type: 'response.output_text.done', ...place, text: 'Hi you' },
      { type: 'response.content_part.done', ...place, part: part('Hi you') },
      done(at, whole),
    ],
  }
}

function reasoning(at: number): Told {
  const id = `rs_${at}`
  const place = { item_id: id, output_index: at, summary_index: 0 }
  const part = (text: string) => ({ type: 'summary_text', text })
  const whole = { id, type: 'reasoning', summary: [part('I look')] }
  return {
    whole,
    events: [
      added(at, { ...whole, summary: [] }),
      { type: 'response.reasoning_summary_part.added', ...place, part: part('') },
      { type: 'response.reasoning_summary_text.delta', ...place, delta: 'I look' },
      { type: 'response.reasoning_summary_text.done', ...place, text: 'I look' },
      { type: 'response.reasoning_summary_part.done', ...place, part: part('I look') },
      done(at, whole),
    ],
  }
}

function call(at: number, kind: 'function' | 'custom' = 'function'): Told {
  const id = `fc_${at}`
  const place = { item_id: id, output_index: at }
  const [type, event, field] =
    kind === 'function'
      ? ['function_call', 'response.function_call_arguments', 'arguments']
      : ['custom_tool_call', 'response.custom_tool_call_input', 'input']
  const item = { id, type, call_id: `call_${at}`, name: 'f' }
  const whole = { ...item, status: 'completed', [field]: '{"a":1}' }
  return {
    whole,
    events: [
      added(at, { ...item, status: 'in_progress', [field]: '' }),
      { type: `${event}.delta`, ...place, delta: '{"a":' },
      { type: `${event}.delta`, ...place, delta: '1}' },
      { type: `${event}.done`, ...place, name: 'f', [field]: '{"a":1}' },
      done(at, whole),
    ],
  }
}

function numbered(events: Events): Events {
  return events.map(({ type, ...rest }, at) => ({ type, sequence_number: at, ...rest }))
}

const fault = (events: Events) => faultOfFrames('openai-responses', namedFrames(numbered(events)))
const M = message(0)
const R = reasoning(0)
const C = call(0)
/** The events of an item with one of them replaced, or left out. */
const but = ({ events }: Told, at: number, change?: Fields): Events =>
  events.flatMap((event, index) => (index !== at ? [event] : change === undefined ? [] : [{ ...event, ...change }]))
const first = ({ events }: Told, count: number) => events.slice(0, count)

test.each<[name: string, events: Events]>([
  ['no items', [CREATED, last('completed', [])]],
  ['a queue before it', [CREATED, { ...CREATED, type: 'response.queued' }, IN_PROGRESS, last('completed', [])]],
  [
    'an item of each kind',
    [
      CREATED,
      IN_PROGRESS,
      ...R.events,
      ...message(1).events,
      ...call(2).events,
      ...call(3, 'custom').events,
      last('completed', [R.whole, message(1).whole, call(2).whole, call(3, 'custom').whole]),
    ],
  ],
  [
    'fields in another order',
    [CREATED, ...M.events, last('completed', [Object.fromEntries(Object.entries(M.whole).reverse())])],
  ],
  [
    'two items open at once',
    [CREATED, ...first(C, 2), ...call(1).events, ...C.events.slice(2), last('completed', [C.whole, call(1).whole])],
  ],
  [
    'its end for its length',
    [CREATED, ...M.events, last('incomplete', [M.whole], { incomplete_details: { reason: 'max_output_tokens' } })],
  ],
  ['a failure in an item', [CREATED, ...first(M, 3), last('failed', [M.whole], { error: ERROR })]],
  ['an error', [CREATED, ...first(M, 3), { type: 'error', ...ERROR, sequence_number: 0 }]],
  [
    'items and events that are not known',
    [
      CREATED,
      added(0, { id: 'ws_1', type: 'web_search_call', status: 'in_progress' }),
      { type: 'response.web_search_call.searching', item_id: 'ws_1', output_index: 0 },
      { type: 'constructor.constructor', item_id: 'ws_1', output_index: 0 },
      { type: 'keepalive' },
      done(0, { id: 'ws_1', type: 'web_search_call', status: 'completed' }),
      last('completed', [{ id: 'ws_1', type: 'web_search_call', status: 'completed' }]),
    ],
  ],
])('a stream with %s is sound', (_, events) => expect(fault(events)).toBeUndefined())

test.each<[fault: string, events: Events]>([
  ['response.created is not the first event', [IN_PROGRESS]],
  ['a second response.created', [CREATED, CREATED]],
  ['the event has not the next "sequence_number"', [CREATED, { ...IN_PROGRESS, sequence_number: 2 }]],
  ['the event has not the next "sequence_number"', [CREATED, { ...IN_PROGRESS, sequence_number: 0 }]],
  ['"sequence_number" is no count', [{ ...CREATED, sequence_number: undefined }]],
  ['"output" is no list', [{ ...CREATED, response: { ...RESPONSE, output: undefined } }]],
  ['a response that begins with output', [{ ...CREATED, response: { ...RESPONSE, output: [M.whole] } }]],
  ['a response that begins with another "status"', [{ ...CREATED, response: { ...RESPONSE, status: 'completed' } }]],
  ['a response whose "object" is another', [{ ...CREATED, response: { ...RESPONSE, object: 'chat' } }]],
  ['the "id" of the response changes', [CREATED, { ...IN_PROGRESS, response: { ...RESPONSE, id: 'resp_2' } }]],
  ['the "id" of the response changes', [CREATED, last('completed', [], { id: 'resp_2' })]],
  ['the response begins behind its items', [CREATED, ...M.events, IN_PROGRESS]],
  ['the item has not the next "output_index"', [CREATED, ...call(1).events]],
  ['the item has not the next "output_index"', [CREATED, ...M.events, ...C.events]],
  ['"output_index" is no count', [CREATED, ...but(M, 0, { output_index: undefined })]],
  ['an item begins with parts', [CREATED, added(0, M.whole)]],
  ['a message of another role than the assistant', [CREATED, added(0, { ...M.whole, role: 'user', content: [] })]],
  ['a call begins with "arguments"', [CREATED, added(0, C.whole)]],
  ['a call begins with "input"', [CREATED, added(0, call(0, 'custom').whole)]],
  ['"call_id" is no text', [CREATED, added(0, { ...C.whole, call_id: undefined })]],
  ['"id" is no text', [CREATED, added(0, { ...C.whole, id: null })]],
  ['an event outside of its item', [CREATED, ...M.events.slice(1)]],
  ['an event outside of its item', [CREATED, ...M.events, M.events[2]!]],
  ['an event with the "item_id" of another item', [CREATED, ...but(M, 2, { item_id: 'msg_9' })]],
  ['text outside of its part', [CREATED, ...but(M, 1)]],
  ['text outside of its part', [CREATED, ...first(M, 6), M.events[2]!]],
  ['text of another kind than its part', [CREATED, ...but(M, 2, { type: 'response.refusal.delta' })]],
  ['a part has not the next "content_index"', [CREATED, ...but(M, 1, { content_index: 1 })]],
  ['a part has not the next "summary_index"', [CREATED, ...but(R, 1, { summary_index: 1 })]],
  ['a part begins inside another', [CREATED, ...first(M, 2), { ...M.events[1]!, content_index: 1 }]],
  ['a part begins with text', [CREATED, ...but(M, 1, { part: { type: 'output_text', text: 'Hi' } })]],
  ['"delta" is no text', [CREATED, ...but(M, 2, { delta: null })]],
  ['a text ends with another than its deltas', [CREATED, ...but(M, 3)]],
  ['a text ends with another than its deltas', [CREATED, ...but(M, 4, { text: 'Hi yOu' })]],
  ['a text ends with another than its deltas', [CREATED, ...but(C, 3, { arguments: '{}' })]],
  ['text behind its end', [CREATED, ...first(M, 5), M.events[2]!]],
  ['text behind its end', [CREATED, ...first(C, 4), C.events[3]!]],
  ['a part ends before its text does', [CREATED, ...but(M, 4)]],
  ['a part ends that is not open', [CREATED, ...first(M, 6), M.events[5]!]],
  [
    'a part ends with another text than its deltas',
    [CREATED, ...but(M, 5, { part: { type: 'output_text', text: '' } })],
  ],
  ['a part ends with another "type"', [CREATED, ...but(M, 5, { part: { type: 'refusal', refusal: 'Hi you' } })]],
  ['arguments of an item that is no such call', [CREATED, ...first(M, 1), { ...C.events[1]!, item_id: 'msg_0' }]],
  ['an item ends that is not open', [CREATED, ...M.events, M.events[6]!]],
  ['an item ends before its parts', [CREATED, ...but(M, 5)]],
  ['an item ends with other parts than were told', [CREATED, ...but(M, 6, { item: { ...M.whole, content: [] } })]],
  ['an item ends with another "id"', [CREATED, ...but(M, 6, { item: { ...M.whole, id: 'msg_9' } })]],
  ['an item ends with another "type"', [CREATED, ...but(M, 6, { item: { ...M.whole, type: 'reasoning' } })]],
  ['a call ends with another "call_id"', [CREATED, ...but(C, 4, { item: { ...C.whole, call_id: 'call_9' } })]],
  ['a call ends before its text does', [CREATED, ...but(C, 3)]],
  ['a call ends with another text than its deltas', [CREATED, ...but(C, 4, { item: { ...C.whole, arguments: '{}' } })]],
  ['the response ends before its items', [CREATED, ...first(M, 6), last('completed', [M.whole])]],
  ['the response ends with another "status" than its event', [CREATED, last('completed', [], { status: 'failed' })]],
  ['the output has not as many items as were told', [CREATED, ...M.events, last('completed', [])]],
  [
    'an item of the output differs from what was told of it',
    [CREATED, ...M.events, last('completed', [{ ...M.whole, status: 'incomplete' }])],
  ],
  [
    'an item of the output differs from what was told of it',
    [CREATED, ...M.events, last('failed', [{ ...M.whole, content: [] }], { error: ERROR })],
  ],
  ['an item of the output is no object', [CREATED, ...M.events, last('completed', ['Hi'])]],
  ['"error" is no object', [CREATED, last('failed', [])]],
  ['"incomplete_details" is no object', [CREATED, last('incomplete', [])]],
  ['it comes behind the last one', [CREATED, last('completed', []), last('completed', [])]],
  ['the stream ends without its last frame', [CREATED, ...M.events]],
  ['an error that lies deeper than its event', [CREATED, { type: 'error', error: ERROR }]],
  ['"message" is no text', [CREATED, { type: 'error', code: 'server_error' }]],
])('the fault is: %s', (words, events) => expect(fault(events)?.replace(/^frame \d+: /, '')).toBe(words))

it('holds an event to its name, and tells which frame it was', () => {
  const [frame] = namedFrames([{ ...CREATED, sequence_number: 0 }])
  expect(faultOfFrames('openai-responses', [{ ...frame!, event: '' }])).toBe(
    'frame 1: the event is called otherwise than its "type"',
  )
})
