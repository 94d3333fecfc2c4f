import { expect, it, test } from 'vitest'
import { faultOfFrames, namedFrames } from '../../../test/support/order-fault-of.ts'

type Event = Readonly<Record<string, unknown>> & { readonly type: string }

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'tiny',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: 9, output_tokens: 0 },
}
const START = { type: 'message_start', message: MESSAGE }
const PING = { type: 'ping' }
const ERROR = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
const END = { type: 'message_stop' }
const STOP = {
  type: 'message_delta',
  delta: { stop_reason: 'tool_use', stop_sequence: null },
  usage: { output_tokens: 7 },
}
const begin = (index: number, block: object): Event => ({ type: 'content_block_start', index, content_block: block })
const delta = (index: number, value: object): Event => ({ type: 'content_block_delta', index, delta: value })
const close = (index: number): Event => ({ type: 'content_block_stop', index })
const TEXT = { type: 'text', text: '' }
const THINKING = { type: 'thinking', thinking: '', signature: '' }
const CALL = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }
const SAID = [begin(0, TEXT), delta(0, { type: 'text_delta', text: 'Hi' }), close(0)]
const CLOSING = [STOP, END]

const fault = (events: readonly object[]) => faultOfFrames('anthropic-messages', namedFrames(events))

test.each<[name: string, events: readonly object[]]>([
  ['nothing but its end', [START, ...CLOSING]],
  ['pings everywhere', [PING, START, PING, ...SAID, PING, ...CLOSING]],
  [
    'a block of each kind',
    [
      START,
      begin(0, THINKING),
      delta(0, { type: 'thinking_delta', thinking: 'I look.' }),
      delta(0, { type: 'signature_delta', signature: 's' }),
      close(0),
      begin(1, TEXT),
      delta(1, { type: 'text_delta', text: 'Hi' }),
      delta(1, { type: 'citations_delta', citation: {} }),
      close(1),
      begin(2, CALL),
      delta(2, { type: 'input_json_delta', partial_json: '{}' }),
      close(2),
      begin(3, { type: 'constructor' }),
      delta(3, { type: 'constructor' }),
      close(3),
      ...CLOSING,
    ],
  ],
  ['an error at once', [ERROR]],
  ['an error in a block', [START, begin(0, TEXT), ERROR]],
  ['an event that is not known', [START, { type: 'constructor' }, ...CLOSING]],
])('a stream with %s is sound', (_, events) => expect(fault(events)).toBeUndefined())

test.each<[fault: string, events: readonly object[]]>([
  ['message_delta before message_start', CLOSING],
  ['a block before message_start', [...SAID, START]],
  ['a second message_start', [START, START]],
  ['the message begins with content', [{ ...START, message: { ...MESSAGE, content: [TEXT] } }]],
  ['"content" is no list', [{ ...START, message: { ...MESSAGE, content: null } }]],
  ['the message begins with a "stop_reason"', [{ ...START, message: { ...MESSAGE, stop_reason: undefined } }]],
  ['the message begins with a "stop_sequence"', [{ ...START, message: { ...MESSAGE, stop_sequence: undefined } }]],
  ['it begins no message of an assistant', [{ ...START, message: { ...MESSAGE, role: 'user' } }]],
  ['"id" is empty', [{ ...START, message: { ...MESSAGE, id: '' } }]],
  ['"model" is no text', [{ ...START, message: { ...MESSAGE, model: undefined } }]],
  ['"input_tokens" is no count', [{ ...START, message: { ...MESSAGE, usage: { output_tokens: 0 } } }]],
  ['a block begins inside another', [START, begin(0, THINKING), begin(1, TEXT)]],
  ['the block has not the next index', [START, begin(1, TEXT)]],
  ['the block has not the next index', [START, ...SAID, begin(0, TEXT)]],
  ['a block behind message_delta', [START, STOP, ...SAID]],
  ['the block begins with text', [START, begin(0, { type: 'text', text: 'Hi' })]],
  ['the block begins with thinking', [START, begin(0, { type: 'thinking', thinking: 'I' })]],
  ['a call begins with another "input" than {}', [START, begin(0, { ...CALL, input: undefined })]],
  ['a call begins with another "input" than {}', [START, begin(0, { ...CALL, input: { a: 1 } })]],
  ['"name" is empty', [START, begin(0, { ...CALL, name: '' })]],
  [
    'a delta of another kind than its block',
    [START, begin(0, TEXT), delta(0, { type: 'thinking_delta', thinking: '' })],
  ],
  ['a delta outside of its block', [START, ...SAID, delta(0, { type: 'text_delta', text: 'Hi' })]],
  ['a delta outside of its block', [START, begin(0, TEXT), delta(1, { type: 'text_delta', text: 'Hi' })]],
  ['"text" is no text', [START, begin(0, TEXT), delta(0, { type: 'text_delta', text: null })]],
  ['"partial_json" is no text', [START, begin(0, CALL), delta(0, { type: 'input_json_delta', partial_json: {} })]],
  ['a block ends that is not open', [START, close(0)]],
  ['a block ends that is not open', [START, begin(0, TEXT), close(1)]],
  ['message_delta inside a block', [START, begin(0, TEXT), STOP]],
  ['"stop_reason" is no text', [START, { ...STOP, delta: { stop_reason: null, stop_sequence: null } }]],
  ['"stop_sequence" is no text', [START, { ...STOP, delta: { stop_reason: 'end_turn' } }]],
  ['"output_tokens" is no count', [START, { ...STOP, usage: {} }]],
  ['message_stop without a message_delta before it', [START, END]],
  ['it comes behind the last one', [START, ...CLOSING, PING]],
  ['it comes behind the last one', [ERROR, START]],
  ['"message" is no text', [{ type: 'error', error: { type: 'api_error' } }]],
  ['the stream ends without its last frame', [START, ...SAID, STOP]],
])('the fault is: %s', (words, events) => expect(fault(events)).toMatch(new RegExp(`(^|: )${escaped(words)}$`)))

it('names the frame, and what is called otherwise than it says', () => {
  const [start, ...rest] = namedFrames([START, ...CLOSING])
  const frames = [start!, { event: '', data: rest[0]!.data }]
  expect(faultOfFrames('anthropic-messages', frames)).toBe('frame 2: the event is called otherwise than its "type"')
  expect(faultOfFrames('anthropic-messages', [{ event: 'ping', data: '[]' }])).toBe('frame 1: it is no JSON object')
})

function escaped(words: string): string {
  return words.replace(/[{}]/g, '\\$&')
}
