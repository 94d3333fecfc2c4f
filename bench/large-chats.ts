// How long the event loop is held by a large chat that is put into another format: by itself, and where a thread does it.
// node_modules/.bin/node bench/large-chats.ts

import { type ChatJob, carryChat } from '../src/gateway/pipeline/carried-chat.ts'
import { CarryThread } from '../src/gateway/pipeline/carry-thread.ts'
import { LoopProbe } from './loop-probe.ts'
import { median } from './statistics.ts'
import { renderTable } from './table.ts'

const MIB = 1_048_576
const SIZES_MIB = [1, 8, 32, 60]
const ROUNDS = 5
const JOB: ChatJob = {
  from: 'anthropic-messages',
  to: 'openai-chat',
  leftOut: [],
  defaults: undefined,
  canThink: false,
}

/** Pictures of a MiB each. */
function pictures(bytes: number): object {
  const data = Buffer.alloc((MIB * 3) / 4, 'a picture').toString('base64')
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } }
  return { role: 'user', content: Array.from({ length: bytes / MIB }, () => image) }
}

/** Calls of a tool and what they gave, some 660 bytes for both. */
function calls(bytes: number): readonly object[] {
  return Array.from({ length: bytes / 660 }, (_, at) => {
    const id = `call_${at}`
    const call = { type: 'tool_use', id, name: 'write', input: { path: '/a/b/c', text: 'x y '.repeat(50) } }
    const result = { type: 'tool_result', tool_use_id: id, content: 'a line\n'.repeat(32) }
    return [
      { role: 'assistant', content: [call] },
      { role: 'user', content: [result] },
    ]
  }).flat()
}

const MADE: Readonly<Record<string, (bytes: number) => readonly object[]>> = {
  'pictures of 1 MiB': (bytes) => [pictures(bytes)],
  'tool calls': (bytes) => [{ role: 'user', content: 'Go.' }, ...calls(bytes)],
}

const probe = new LoopProbe()
const thread = new CarryThread()

async function heldMs(work: () => unknown): Promise<number> {
  await probe.take()
  await work()
  return await probe.take()
}

const rows: (string | { readonly value: number; readonly digits: number })[][] = []
for (const [name, make] of Object.entries(MADE)) {
  for (const size of SIZES_MIB) {
    const bytes = Buffer.from(JSON.stringify({ model: 'm', max_tokens: 9, messages: make(size * MIB) }))
    const [held, aside, took]: [number[], number[], number[]] = [[], [], []]
    for (let round = 0; round < ROUNDS; round++) {
      held.push(await heldMs(() => carryChat(bytes, JOB)))
      const beganAtMs = performance.now()
      aside.push(await heldMs(() => thread.carry(bytes, JOB, () => true)))
      took.push(performance.now() - beganAtMs)
    }
    rows.push([`${name}, ${size} MiB`, ...[held, aside, took].map((values) => ({ value: median(values), digits: 1 }))])
  }
}
probe.stop()
const columns = ['ms', 'held on the loop', 'held with the thread', 'until it is there, with the thread']
process.stdout.write(`${renderTable(columns, rows).join('\n')}\n`)
