import { expect, test } from 'vitest'
import { findFreePort } from '../../../test/support/free-port.ts'
import { Secret } from '../../core/secret.ts'
import { smallQuestion, smallReply } from './ask-as-tool.ts'
import { probeModel } from './probe-model.ts'

test('where nobody listens it is away, and no key is in what is said', async () => {
  const url = `http://127.0.0.1:${await findFreePort()}`
  const probe = await probeModel({ url, key: new Secret('pk_a_secret'), caFile: undefined }, 'openai-chat', 'tiny')
  expect(probe).toMatchObject({ isAnswered: false, kind: 'away', said: expect.any(String) })
  expect(JSON.stringify(probe)).not.toContain('secret')
})

test.each([
  ['openai-chat', { choices: [{ message: { content: 'Hi' } }], usage: { prompt_tokens: 3, completion_tokens: 1 } }],
  [
    'openai-responses',
    {
      output: [{ type: 'reasoning' }, { type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }],
      usage: { input_tokens: 3, output_tokens: 1 },
    },
  ],
  [
    'anthropic-messages',
    { content: [{ type: 'thinking' }, { type: 'text', text: 'Hi' }], usage: { input_tokens: 3, output_tokens: 1 } },
  ],
  ['ollama-chat', { message: { content: 'Hi' }, prompt_eval_count: 3, eval_count: 1 }],
] as const)('an answer of %s is read, and what is none is not', (format, answer) => {
  expect(smallReply(format, answer)).toEqual({ text: 'Hi', tokensIn: 3, tokensOut: 1 })
  expect(JSON.stringify(smallQuestion(format, 'tiny').body)).toContain('"model":"tiny"')
})

test('a model that only thought has said nothing', () => {
  const answer = { choices: [{ message: { content: null, reasoning_content: 'Hm' } }] }
  expect(smallReply('openai-chat', answer)).toEqual({ text: '', tokensIn: undefined, tokensOut: undefined })
  for (const other of [null, 'x', {}, { choices: [] }, []]) {
    expect(smallReply('openai-chat', other)).toBeUndefined()
    expect(smallReply('ollama-chat', other)).toBeUndefined()
    expect(smallReply('anthropic-messages', other)).toBeUndefined()
    expect(smallReply('openai-responses', other)).toBeUndefined()
  }
})
