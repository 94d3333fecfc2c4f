import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { UsageError } from './exit.ts'
import { readSecretLine } from './stdin.ts'

const read = (...chunks: string[]) => readSecretLine(Readable.from(chunks), 'token')

test.each([[['pt_a_b\n']], [['pt_a_b']], [['  pt_a_b \r\n']], [['pt_', 'a_b', '\nanother line']]])(
  '%j holds the token',
  async (chunks) => {
    expect((await read(...chunks)).reveal()).toBe('pt_a_b')
  },
)

test('does not wait for the end of the stream', async () => {
  const stream = new PassThrough()
  stream.write('pt_a_b\n')
  expect((await readSecretLine(stream, 'token')).reveal()).toBe('pt_a_b')
  expect(stream.destroyed).toBe(true)
})

test.each([
  [[''], 'There is no token'],
  [['\n', 'pt_a_b'], 'There is no token'],
  [['pt a_b\n'], 'is no token'],
  [['pt_\x1ba\n'], 'is no token'],
  [['pté\n'], 'is no token'],
  [Array(5).fill('x'.repeat(1_000)), 'is no token'],
])('%j is refused, and not repeated', async (chunks, message) => {
  const thrown = await read(...chunks).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(UsageError)
  expect((thrown as UsageError).message).toContain(message)
  expect((thrown as UsageError).message).not.toMatch(/pt|xxx/)
})
