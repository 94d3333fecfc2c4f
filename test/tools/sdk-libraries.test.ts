import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, TEST_PATH, type TestGateway } from '../support/gateway.ts'
import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { npmLibraryOrSkip } from './library.ts'
import { ToolPlace } from './tool-place.ts'

const FETCH = `
const { punkuFetch } = await import(process.env.SDK)
const fetch = punkuFetch({ gateway: process.env.GATEWAY, key: process.env.KEY })
const address = 'http://ollama.' + process.env.LABEL + '.tunnel'
let said = ''
`

/** As docs/sdk.md shows them, streaming. */
const CASES = [
  {
    name: '@langchain/openai',
    script: `import { ChatOpenAI } from '@langchain/openai'
${FETCH}
const model = new ChatOpenAI({ model: 'tiny', apiKey: 'none', configuration: { baseURL: address + '/v1', fetch } })
for await (const part of await model.stream('hi')) said += part.text
console.log(said)`,
  },
  {
    name: '@langchain/ollama',
    script: `import { ChatOllama } from '@langchain/ollama'
${FETCH}
const model = new ChatOllama({ model: 'tiny', baseUrl: address, fetch })
for await (const part of await model.stream('hi')) said += part.text
console.log(said)`,
  },
  {
    name: '@ai-sdk/openai-compatible',
    script: `import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { streamText } from 'ai'
${FETCH}
const punku = createOpenAICompatible({ name: 'punku', baseURL: address + '/v1', fetch })
const { textStream } = streamText({ model: punku('tiny'), prompt: 'hi', onError: ({ error }) => console.error(error) })
for await (const part of textStream) said += part
console.log(said)`,
  },
] as const

describe('client libraries that are given a fetch, on the address of a tunnel', () => {
  const opened = new AsyncDisposableStack()
  let place: ToolPlace
  let upstream: ScriptedUpstream
  let gateway: TestGateway
  let label: string
  beforeAll(async () => {
    place = opened.use(await ToolPlace.open())
    upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
    const other = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['other:latest'] }))
    gateway = opened.use(await startTestGateway({ upstreams: [other.origin] }))
    const id = await gateway.addUpstream('default', upstream.origin)
    label = gateway.parts.upstreams.get(id)?.label ?? ''
  })
  afterAll(() => opened.disposeAsync())

  for (const { name, script } of CASES) {
    const library = npmLibraryOrSkip(name)
    test.skipIf(library === undefined)(name, async () => {
      process.stderr.write(`${name}, ${TEST_PATH}: ${library?.version}\n`)
      const key = await gateway.key()
      const ended = await library?.run(place, script, {
        SDK: new URL('../../src/sdk/punku.ts', import.meta.url).href,
        GATEWAY: gateway.url,
        LABEL: label,
        KEY: key,
      })
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(SCRIPTED_TEXT) })
      expect((await gateway.rows()).at(-1)).toMatchObject({ status: 200, error_code: null })
      expect(JSON.stringify(upstream.requests.at(-1)?.rawHeaders)).not.toContain(key)
      expect(place.strangersAsked).toEqual([])
    })
  }
})
