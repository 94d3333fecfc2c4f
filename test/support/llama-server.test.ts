import { describe, expect, test } from 'vitest'
import { buildScriptedModel, PLAIN_TOKENS } from './gguf.ts'
import { llamaServerOrSkip, startLlamaServer } from './llama-server.ts'
import { toolCallModel } from './scripted-models.ts'

test('the same options give the same model file, and a repeated token is refused', () => {
  expect(buildScriptedModel().equals(buildScriptedModel())).toBe(true)
  expect(() => buildScriptedModel({ tokens: [' a', ' b', ' a'] })).toThrow(/twice/)
})

const program = await llamaServerOrSkip()

describe.skipIf(program === undefined)('a real llama-server', () => {
  test('says the scripted answer', async () => {
    await using server = await startLlamaServer()
    const answer = await complete(server.origin, { prompt: 'anything' })
    expect(answer.choices[0]?.message.content).toBe(PLAIN_TOKENS.join(''))
  })

  test('calls the scripted tool', async () => {
    await using server = await startLlamaServer(toolCallModel('get_weather', { city: 'Lima' }))
    const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } }]
    const answer = await complete(server.origin, { prompt: 'weather?', tools })
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls')
    expect(answer.choices[0]?.message.tool_calls?.[0]?.function).toEqual({
      name: 'get_weather',
      arguments: '{"city":"Lima"}',
    })
  })

  test('an endless model goes on to the limit of the request', async () => {
    await using server = await startLlamaServer({ tokens: [' tick', ' tock'], isEndless: true })
    const answer = await complete(server.origin, { prompt: 'go', max_tokens: 5 })
    expect(answer.choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { content: ' tick tock tick tock tick' },
    })
  })
})

interface Completion {
  readonly choices: readonly {
    readonly finish_reason: string
    readonly message: {
      readonly content: string
      readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[]
    }
  }[]
}

async function complete(
  origin: string,
  { prompt, ...rest }: { readonly prompt: string } & Readonly<Record<string, unknown>>,
): Promise<Completion> {
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: prompt }], ...rest }),
  })
  // Typed by hand, as the tests of our own helpers must not lean on the SDKs that later tests put to the proof.
  return (await response.json()) as Completion
}
