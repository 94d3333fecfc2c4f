import { describe, expect, test } from 'vitest'
import { faultOfFrames, plainFrames } from '../../../test/support/order-fault-of.ts'

type Frames = readonly (object | string)[]

const DONE = '[DONE]'
const BASE = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'tiny' }
const COUNTS = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }
const USAGE = { ...BASE, choices: [], usage: COUNTS }
const chunk = (delta: unknown, finish: unknown = null, index: unknown = 0) => ({
  ...BASE,
  choices: [{ index, delta, finish_reason: finish }],
})
const ROLE = chunk({ role: 'assistant', content: '' })
const SAID = chunk({ content: 'Hi' })
const STOP = chunk({}, 'stop')
const calls = (...list: readonly unknown[]) => chunk({ tool_calls: list })
const CALL = { index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }
const PIECE = { index: 0, function: { arguments: '{}' } }

const hasFault = (words: string) => expect.stringMatching(new RegExp(`(^|: )${words}$`))

describe('the chunks of a chat', () => {
  const fault = (frames: Frames) => faultOfFrames('openai-chat', plainFrames(frames))

  test.each<[name: string, frames: Frames]>([
    ['text', [ROLE, SAID, STOP, DONE]],
    ['its usage last', [ROLE, { ...SAID, usage: null }, STOP, USAGE, DONE]],
    ['its usage beside its finish', [ROLE, { ...STOP, usage: COUNTS }, DONE]],
    ['nulls', [chunk({ role: 'assistant', content: null, tool_calls: null }), chunk({ content: null }), STOP, DONE]],
    ['reasoning', [chunk({ role: 'assistant', reasoning_content: 'I' }), chunk({ reasoning: 'I' }), STOP, DONE]],
    ['two calls', [ROLE, calls(CALL), calls(PIECE), calls({ ...CALL, index: 1 }), calls(PIECE), STOP, DONE]],
    ['two choices', [ROLE, chunk({ role: 'assistant' }, null, 1), STOP, chunk({}, 'length', 1), DONE]],
    ['an error', [ROLE, { error: { message: 'It crashed.', type: 'server_error' } }]],
  ])('are sound with %s', (_, frames) => expect(fault(frames)).toBeUndefined())

  test.each<[fault: string, frames: Frames]>([
    ['a choice begins without the role of the assistant', [SAID]],
    ['a choice of another role than the assistant', [ROLE, chunk({ role: 'user' })]],
    ['the "id" changes', [ROLE, { ...SAID, id: 'chatcmpl-2' }]],
    ['"id" is no text', [{ ...ROLE, id: 412 }]],
    ['its "object" is not chat.completion.chunk', [{ ...ROLE, object: 'chat.completion' }]],
    ['"model" is empty', [{ ...ROLE, model: '' }]],
    ['"created" is no count', [{ ...ROLE, created: '2026' }]],
    ['"choices" is no list', [{ ...BASE }]],
    ['a choice that is no object', [{ ...BASE, choices: [null] }]],
    ['"index" is no count', [chunk({ role: 'assistant' }, null, null)]],
    ['the index of a choice is too large', [chunk({ role: 'assistant' }, null, 4_096)]],
    ['"delta" is no object', [chunk(null)]],
    ['"content" is no text', [ROLE, chunk({ content: ['Hi'] })]],
    ['a call has not the next index', [ROLE, calls({ ...CALL, index: 1 })]],
    ['"id" is no text', [ROLE, calls(PIECE)]],
    ['"name" is empty', [ROLE, calls({ ...CALL, function: { name: '', arguments: '' } })]],
    ['a call begins without its "type"', [ROLE, calls({ ...CALL, type: undefined })]],
    ['a call begins twice', [ROLE, calls(CALL, CALL)]],
    ['"arguments" is no text', [ROLE, calls(CALL, { index: 0, function: { arguments: {} } })]],
    ['a call that is no object', [ROLE, calls('f')]],
    ['a choice goes on behind its "finish_reason"', [ROLE, STOP, SAID]],
    ['a choice goes on behind its "finish_reason"', [ROLE, STOP, STOP]],
    ['"finish_reason" is no text', [ROLE, chunk({}, true)]],
    ['a chunk with neither choices nor usage', [ROLE, STOP, { ...BASE, choices: [] }]],
    ['usage beside a choice that goes on', [ROLE, { ...SAID, usage: COUNTS }]],
    ['"prompt_tokens" is no count', [ROLE, STOP, { ...USAGE, usage: { completion_tokens: 2 } }]],
    ['a chunk behind the usage', [ROLE, STOP, USAGE, USAGE]],
    ['a choice ends without a "finish_reason"', [ROLE, SAID, USAGE]],
    ['a choice ends without a "finish_reason"', [ROLE, SAID, DONE]],
    ['the answer ends before it has a choice', [DONE]],
    ['it comes behind the last one', [ROLE, STOP, DONE, DONE]],
    ['the stream ends without its last frame', [ROLE, STOP]],
    ['an error that is no object', [{ error: 'It crashed.' }]],
    ['it is no JSON object', ['{']],
  ])('have the fault: %s', (words, frames) => expect(fault(frames)).toEqual(hasFault(words)))

  test('have no names', () => {
    const frames = [{ event: 'chunk', data: JSON.stringify(ROLE) }]
    expect(faultOfFrames('openai-chat', frames)).toBe('frame 1: an event that has a name')
  })
})

describe('the chunks of a completion', () => {
  const base = { ...BASE, object: 'text_completion' }
  const text = (value: unknown, finish: string | null = null) => ({
    ...base,
    choices: [{ index: 0, text: value, finish_reason: finish }],
  })
  const fault = (frames: Frames) => faultOfFrames('openai-completions', plainFrames(frames))

  test('are sound', () => expect(fault([text('Hi'), text('', 'stop'), { ...USAGE, ...base }, DONE])).toBeUndefined())

  test.each<[fault: string, frames: Frames]>([
    ['"text" is no text', [text(null)]],
    ['its "object" is not text_completion', [ROLE]],
    ['a choice ends without a "finish_reason"', [text('Hi'), DONE]],
  ])('have the fault: %s', (words, frames) => expect(fault(frames)).toEqual(hasFault(words)))
})
