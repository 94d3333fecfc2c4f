import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isBuildOf } from '../../scripts/build-inputs.ts'
import { startTestGateway, TEST_PATH, type TestGateway } from '../support/gateway.ts'
import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { npmLibraryOrSkip } from './library.ts'
import { ToolPlace } from './tool-place.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The built package where it is of what is here, else its source. */
const SDK = pathToFileURL(join(ROOT, isBuildOf(ROOT) ? 'dist/sdk/punku.js' : 'src/sdk/punku.ts')).href

const OPENED = `
const { punkuFetch } = await import(process.env.SDK)
const { GATEWAY: gateway, KEY: key, ADDRESS: address } = process.env
const fetch = punkuFetch({ gateway, key })
const write = (text) => process.stdout.write(text + '|')
`

const LANGCHAIN_OLLAMA = `${OPENED}
import { ChatOllama } from '@langchain/ollama'
const model = new ChatOllama({ model: 'tiny', baseUrl: address, fetch, maxRetries: 0 })
for await (const part of await model.stream('hi')) write(part.text)
`

const LANGCHAIN_OPENAI = `${OPENED}
import { ChatOpenAI } from '@langchain/openai'
const configuration = { baseURL: address + '/v1', fetch }
const model = new ChatOpenAI({ model: 'tiny', apiKey: 'none', configuration, maxRetries: 0 })
for await (const part of await model.stream('hi')) write(part.text)
`

const VERCEL = `${OPENED}
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { streamText } from 'ai'
const provider = createOpenAICompatible({ name: 'punku', baseURL: address + '/v1', fetch })
for await (const text of streamText({ model: provider('tiny'), prompt: 'hi', maxRetries: 0 }).textStream) write(text)
`

const vercel = npmLibraryOrSkip('ai') && npmLibraryOrSkip('@ai-sdk/openai-compatible')

const CASES = [
  ['@langchain/ollama', npmLibraryOrSkip('@langchain/ollama'), LANGCHAIN_OLLAMA],
  ['@langchain/openai', npmLibraryOrSkip('@langchain/openai'), LANGCHAIN_OPENAI],
  ['Vercel AI SDK', vercel, VERCEL],
] as const

describe('libraries that ask for a tunnel by its name, through punkuFetch', () => {
  const opened = new AsyncDisposableStack()
  let place: ToolPlace
  let upstream: ScriptedUpstream
  let gateway: TestGateway
  let address: string

  beforeAll(async () => {
    for (const [, library] of CASES) {
      if (library !== undefined) process.stderr.write(`${library.name}, ${TEST_PATH}: ${library.version}\n`)
    }
    place = opened.use(await ToolPlace.open())
    const other = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['other'] }))
    upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
    gateway = opened.use(await startTestGateway({ translates: true, upstreams: [other.origin] }))
    const id = await gateway.addUpstream('default', upstream.origin)
    address = `http://ollama.${gateway.parts.upstreams.get(id)?.label}.tunnel`
  })
  afterAll(() => opened.disposeAsync())

  for (const [name, library, script] of CASES) {
    test.skipIf(library === undefined)(name, async () => {
      const key = await gateway.key()
      const env = { SDK, GATEWAY: gateway.url, KEY: key, ADDRESS: address }
      const ended = await library?.run(place, script, env)
      expect(ended).toMatchObject({ code: 0, stderr: expect.not.stringContaining(key) })
      const pieces = (ended?.stdout ?? '').split('|').filter(Boolean)
      expect(pieces.join('')).toBe(SCRIPTED_TEXT)
      expect(pieces.length).toBeGreaterThan(1)
      expect(JSON.stringify((await upstream.nextRequest()).rawHeaders)).not.toContain(key)
      expect((await gateway.rows()).at(-1)).toMatchObject({ status: 200, error_code: null })
      expect(place.strangersAsked).toEqual([])
    })
  }
})
