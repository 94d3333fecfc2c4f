import { Ollama } from 'ollama'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settled } from '../proxy/turns.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { anthropicClient, messages, openaiClient } from './clients.ts'

const opened = new AsyncDisposableStack()
let upstream: ScriptedUpstream
let gateway: TestGateway
let key: string

beforeAll(async () => {
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  gateway = opened.use(
    await startTestGateway({ upstreams: [upstream.origin], config: { gateway: { keyInPath: true } } }),
  )
  key = await gateway.key()
})
afterAll(() => opened.disposeAsync())

async function expectUnseen() {
  const { url, rawHeaders } = upstream.requests.at(-1) ?? {}
  expect(JSON.stringify([url, rawHeaders])).not.toContain(key)
  expect(rawHeaders?.map((text) => text.toLowerCase())).not.toContain('authorization')
  await settled(gateway)
  expect((await gateway.rows()).at(-1)).toMatchObject({ status: 200, error_code: null })
}

describe("Ollama's SDK", () => {
  const ask = async (client: Ollama) => {
    expect((await client.chat({ model: 'tiny', messages })).message.content).toBe(SCRIPTED_TEXT)
    let said = ''
    for await (const part of await client.chat({ model: 'tiny', messages, stream: true })) said += part.message.content
    expect(said).toBe(SCRIPTED_TEXT)
    await expectUnseen()
    expect((await client.list()).models.map(({ name }) => name)).toEqual(['tiny:latest'])
  }

  test('with the key in the path', () => ask(new Ollama({ host: `${gateway.url}/k/${key}` })))

  // It hands the address on as it is, and fetch takes none with a user in it.
  const named = () => gateway.url.replace('//', `//user:${key}@`)
  test("with the key as the URL's password, and a fetch that makes `Basic` of it", async () => {
    const fetchAs: typeof fetch = (input, init) => {
      const url = new URL(String(input))
      const authorization = `Basic ${btoa(`${url.username}:${url.password}`)}`
      url.username = ''
      url.password = ''
      return fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), authorization } })
    }
    await ask(new Ollama({ host: named(), fetch: fetchAs }))
  })

  test("with the key as the URL's password alone it asks nobody: fetch refuses", async () => {
    const before = (await gateway.rows()).length
    await expect(new Ollama({ host: named() }).list()).rejects.toThrow('includes credentials')
    await settled(gateway)
    expect(await gateway.rows()).toHaveLength(before)
  })
})

// What `instructor` sends for its provider `ollama`, and what everybody sends who has been told that any key will do.
describe('a placeholder beside the key in the path', () => {
  test.each(['ollama', 'sk-no-key-required', 'EMPTY'])("OpenAI's SDK with %s", async (placeholder) => {
    const client = openaiClient(gateway, placeholder, { baseURL: `${gateway.url}/k/${key}/v1` })
    const answer = await client.chat.completions.create({ model: 'tiny', messages })
    expect(answer.choices[0]?.message.content).toBe(SCRIPTED_TEXT)
    await expectUnseen()
  })

  test("Anthropic's SDK with another's key, and a token besides", async () => {
    const options = { baseURL: `${gateway.url}/k/${key}`, defaultHeaders: { authorization: 'Bearer ollama' } }
    const client = anthropicClient(gateway, 'sk-ant-api03-of-somebody', options)
    const answer = await client.messages.create({ model: 'tiny', max_tokens: 100, messages })
    expect(answer.content).toMatchObject([{ type: 'text', text: SCRIPTED_TEXT }])
    expect(upstream.requests.at(-1)?.headers).not.toHaveProperty('x-api-key')
    await expectUnseen()
  })
})
