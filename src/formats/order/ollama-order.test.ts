import { describe, expect, test } from 'vitest'
import { faultOfFrames, plainFrames } from '../../../test/support/order-fault-of.ts'

const BASE = { model: 'tiny', created_at: '2026-01-01T00:00:00Z' }
const LAST = { done: true, done_reason: 'stop' }
const hasFault = (words: string) => expect.stringMatching(new RegExp(`(^|: )${words}$`))

describe('the lines of a chat', () => {
  const line = (message: object, rest: object = { done: false }) => ({
    ...BASE,
    message: { role: 'assistant', content: '', ...message },
    ...rest,
  })
  const called = (value: object) => line({ tool_calls: [value] }, LAST)
  const fault = (lines: readonly object[]) => faultOfFrames('ollama-chat', plainFrames(lines))

  test.each<[name: string, lines: readonly object[]]>([
    ['text', [line({ content: 'Hi' }), line({}, LAST)]],
    ['thinking', [line({ thinking: 'I' }), line({}, LAST)]],
    ['a call on the last line', [called({ function: { name: 'f', arguments: {} } })]],
    ['no reason', [line({}, { done: true })]],
    ['an error', [line({ content: 'Hi' }), { error: 'It crashed.' }]],
  ])('are sound with %s', (_, lines) => expect(fault(lines)).toBeUndefined())

  test.each<[fault: string, lines: readonly object[]]>([
    ['it comes behind the last one', [line({}, LAST), line({})]],
    ['it comes behind the last one', [{ error: 'It crashed.' }, line({}, LAST)]],
    ['the stream ends without its last frame', [line({ content: 'Hi' })]],
    ['"done" is neither true nor false', [line({}, {})]],
    ['a "done_reason" before the last line', [line({}, { done: false, done_reason: 'stop' })]],
    ['"done_reason" is no text', [line({}, { done: true, done_reason: 1 })]],
    ['the "model" changes', [line({}), line({}, { ...LAST, model: 'other' })]],
    ['"model" is no text', [line({}, { model: null })]],
    ['"created_at" is no text', [line({}, { created_at: 1 })]],
    ['"message" is no object', [{ ...BASE, ...LAST }]],
    ['a message of another role than the assistant', [line({ role: 'user' })]],
    ['"content" is no text', [line({ content: null })]],
    ['"thinking" is no text', [line({ thinking: {} })]],
    ['"tool_calls" is no list', [line({ tool_calls: {} })]],
    ['a call without a "function"', [called({ name: 'f' })]],
    ['"name" is empty', [called({ function: { name: '', arguments: {} } })]],
    ['"arguments" is no object', [called({ function: { name: 'f', arguments: '{}' } })]],
    ['"error" is no text', [{ error: { message: 'It crashed.' } }]],
  ])('have the fault: %s', (words, lines) => expect(fault(lines)).toEqual(hasFault(words)))
})

describe('the lines of generated text', () => {
  const fault = (lines: readonly object[]) => faultOfFrames('ollama-generate', plainFrames(lines))
  const line = (rest: object) => ({ ...BASE, response: '', done: false, ...rest })

  test('are sound', () => {
    expect(fault([line({ response: 'Hi', thinking: 'I' }), line({ ...LAST, context: [1, 2] })])).toBeUndefined()
  })

  test.each<[fault: string, lines: readonly object[]]>([
    ['"response" is no text', [line({ response: undefined })]],
    ['"thinking" is no text', [line({ thinking: null })]],
    ['it comes behind the last one', [line(LAST), line(LAST)]],
  ])('have the fault: %s', (words, lines) => expect(fault(lines)).toEqual(hasFault(words)))
})
