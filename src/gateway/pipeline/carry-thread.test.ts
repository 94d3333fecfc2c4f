import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FormatName } from '../../formats/format.ts'
import { type ChatJob, carryChat } from './carried-chat.ts'
import { CarryThread, startCarryWorker } from './carry-thread.ts'

const MIB = 1_024 * 1_024
const isWanted = () => true

let workers: Worker[]
let thread: CarryThread
beforeEach(() => {
  workers = []
  thread = new CarryThread(() => {
    const worker = startCarryWorker()
    workers.push(worker)
    return worker
  })
})
afterEach(() => Promise.all(workers.map((worker) => worker.terminate())))

const jobOf = (from: FormatName, to: FormatName, more: Partial<ChatJob> = {}): ChatJob => {
  return { from, to, leftOut: [], defaults: undefined, canThink: false, ...more }
}
const bytesOf = (body: object) => Buffer.from(JSON.stringify(body))
const MESSAGES = { model: 'm', max_tokens: 9, top_k: 3, stream: true, messages: [{ role: 'user', content: 'ä € 🦙' }] }
const turns = (count: number, content: string) =>
  bytesOf({ ...MESSAGES, messages: Array.from({ length: count }, () => ({ role: 'user', content })) })

test.each([
  ['messages on chat', jobOf('anthropic-messages', 'openai-chat'), MESSAGES],
  ['messages on Ollama', jobOf('anthropic-messages', 'ollama-chat', { defaults: { num_ctx: 99 } }), MESSAGES],
  [
    'a chat that keeps how it is written',
    jobOf('openai-chat', 'ollama-chat'),
    { model: 'm', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: 'hi' }] },
  ],
  [
    'responses with a tool of another form',
    jobOf('openai-responses', 'openai-chat'),
    { model: 'm', input: 'hi', tools: [{ type: 'custom', name: 'patch', description: 'x' }] },
  ],
  [
    'what is left out',
    jobOf('anthropic-messages', 'openai-chat', {
      leftOut: [{ names: [], cuts: [{ start: 9, end: 12, instead: '"other"' }] }],
    }),
    MESSAGES,
  ],
])('%s comes out of the thread as it does without one', async (_, job, body) => {
  const bytes = bytesOf(body)
  const carried = await thread.carry(bytes, job, isWanted)
  expect(carried).toEqual(carryChat(bytesOf(body), job))
  expect(Buffer.isBuffer(carried.body)).toBe(true)
  // Its owner still has it: it may have to be sent as it came.
  expect(bytes).toEqual(bytesOf(body))
})

test('many at once come out each as its own, large and small', async () => {
  const texts = ['a'.repeat(3 * MIB), 'b', 'c'.repeat(5 * MIB), 'd']
  const carried = await Promise.all(
    texts.map((text) => thread.carry(turns(1, text), jobOf('anthropic-messages', 'openai-chat'), isWanted)),
  )
  expect(carried.map(({ body }) => JSON.parse(body.toString()).messages[0].content === texts.shift())).toEqual(
    Array.from({ length: 4 }, () => true),
  )
})

test('what cannot be carried is refused as it is without a thread, and the next is carried', async () => {
  const job = jobOf('openai-chat', 'ollama-chat')
  const refused = bytesOf({ model: 'm', n: 2, messages: [{ role: 'user', content: 'hi' }] })
  const error = { name: 'PunkuError', code: 'invalid_request', param: 'n', message: expect.stringContaining(' ') }
  expect(() => carryChat(refused, job)).toThrow(expect.objectContaining(error))
  await expect(thread.carry(refused, job, isWanted)).rejects.toMatchObject(error)
  await expect(
    thread.carry(bytesOf({ model: 'm', messages: [] }), jobOf('openai-embeddings', 'ollama-chat'), isWanted),
  ).rejects.toMatchObject({ name: 'PunkuError', code: 'internal' })
  await expect(
    thread.carry(bytesOf(MESSAGES), jobOf('anthropic-messages', 'openai-chat'), isWanted),
  ).resolves.toBeDefined()
  expect(workers).toHaveLength(1)
})

test('what nobody waits for any more when it is its turn is not begun', async () => {
  const job = jobOf('anthropic-messages', 'openai-chat')
  let isLeft = false
  const first = thread.carry(turns(1, 'x'.repeat(MIB)), job, isWanted)
  const second = thread.carry(bytesOf(MESSAGES), job, () => !isLeft)
  isLeft = true
  await expect(second).rejects.toMatchObject({ code: 'client_closed' })
  await expect(first).resolves.toBeDefined()
  await expect(thread.carry(bytesOf(MESSAGES), job, () => false)).rejects.toMatchObject({ code: 'client_closed' })
})

test('a thread that dies says so, and another takes the next', async () => {
  const job = jobOf('anthropic-messages', 'openai-chat')
  const first = thread.carry(turns(20_000, 'a turn'), job, isWanted)
  const second = thread.carry(bytesOf(MESSAGES), job, isWanted)
  await new Promise((resolve) => setImmediate(resolve))
  void workers[0]?.terminate()
  await expect(first).rejects.toThrow('before it had answered')
  await expect(second).resolves.toMatchObject({ wantsStream: true })
  expect(workers).toHaveLength(2)
})

test('a thread that has carried a large one ends, since its heap would stay', async () => {
  const job = jobOf('anthropic-messages', 'openai-chat')
  await thread.carry(turns(1, 'x'.repeat(MIB)), job, isWanted)
  await thread.carry(turns(1, 'x'.repeat(5 * MIB)), job, isWanted)
  expect(workers).toHaveLength(1)
  const [worker] = workers
  if (worker !== undefined && worker.threadId !== -1) await once(worker, 'exit')
  await expect(thread.carry(bytesOf(MESSAGES), job, isWanted)).resolves.toBeDefined()
  expect(workers).toHaveLength(2)
})

test('the event loop turns while a chat of many turns is carried', async () => {
  let loops = 0
  let isOver = false
  const count = () => {
    loops++
    if (!isOver) setImmediate(count)
  }
  const carrying = thread.carry(turns(100_000, 'a turn'), jobOf('anthropic-messages', 'openai-chat'), isWanted)
  setImmediate(count)
  await carrying
  isOver = true
  expect(loops).toBeGreaterThan(10)
})
