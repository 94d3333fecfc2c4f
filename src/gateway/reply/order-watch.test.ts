import { expect, test } from 'vitest'
import { openaiChat } from '../../formats/families/openai-chat.ts'
import { orderWatchOf } from './order-watch.ts'

test('what comes behind an event that is longer than is looked at has no fault', () => {
  const watch = orderWatchOf(openaiChat, openaiChat.stream)
  const push = (text: string) => watch?.push(Buffer.from(text))
  push(`${'data: x\n'.repeat(300_000)}\n`)
  push('data: 7\n\n')
  expect(watch?.fault).toBeUndefined()
  const other = orderWatchOf(openaiChat, openaiChat.stream)
  other?.push(Buffer.from('data: 7\n\n'))
  expect(other?.fault).toBeDefined()
})
