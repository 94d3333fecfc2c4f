import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openForward } from '../../src/client/forward/forward.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import { settled } from '../proxy/turns.ts'
import { startTestGateway, TEST_PATH, type TestGateway } from '../support/gateway.ts'
import { llamaServerOrSkip, startLlamaServer, untilIdle } from '../support/llama-server.ts'
import { SCRIPTED_TEXT, SCRIPTED_TOOL_ARGUMENTS } from '../support/scripted/answer.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { type Library, npmLibraryOrSkip, pythonLibraryOrSkip } from './library.ts'
import { ToolPlace } from './tool-place.ts'
import { inRoleTool } from './tool-results.ts'
import { lackedPaths } from './turn-servers.ts'

const LANGCHAIN_JS = `
import { ChatOllama } from '@langchain/ollama'
const { BASE_URL: baseUrl, AUTHORIZATION: Authorization } = process.env
const model = new ChatOllama({ baseUrl, model: 'tiny', maxRetries: 0, ...(Authorization && { headers: { Authorization } }) })
console.log((await model.invoke('hi')).text)
`

const LANGCHAIN_PYTHON = `
import os
from langchain_ollama import ChatOllama
print(ChatOllama(base_url=os.environ['BASE_URL'], model='tiny').invoke('hi').content)
`

/** Its provider sends \`Bearer ollama\`, and there is no other way to set a key. */
const INSTRUCTOR = `
import os, instructor
from pydantic import BaseModel
class Place(BaseModel):
    city: str
    unit: str
client = instructor.from_provider('ollama/tiny', base_url=os.environ['BASE_URL'] + '/v1', mode=instructor.Mode.TOOLS)
place = client.chat.completions.create(response_model=Place, messages=[{'role': 'user', 'content': 'where?'}])
print(place.city, place.unit)
`

/** What it is told, on a server that has none of its routes. */
const OLLAMA_PYTHON = `
import os
from ollama import Client
client = Client(host=os.environ['BASE_URL'])
hi = [{'role': 'user', 'content': 'hi'}]
def get_weather(city: str, unit: str) -> str:
    'The weather of a city.'
    return 'dry'
whole = client.chat(model='tiny', messages=hi)
streamed = ''.join(part.message.content for part in client.chat(model='tiny', messages=hi, stream=True))
asked = client.chat(model='tiny', messages=hi, tools=[get_weather]).message
call = asked.tool_calls[0].function
answered = client.chat(model='tiny', messages=[*hi, asked, {'role': 'tool', 'content': 'dry', 'tool_name': call.name}])
vectors = client.embed(model='tiny', input=['one', 'two']).embeddings
names = [model.model for model in client.list().models]
shown = client.show('tiny').capabilities
generated = client.generate(model='tiny', prompt='hi').response
print(whole.message.content == streamed == answered.message.content == generated, whole.done_reason, streamed)
print(call.name, call.arguments, [len(vector) for vector in vectors], names, shown)
`

/** Its own default client, as `OLLAMA_HOST` leads it, which leaves a stream that never ends. */
const OLLAMA_LEAVES = `
import ollama
hi = [{'role': 'user', 'content': 'hi'}]
names = [model.model for model in ollama.list().models]
print(names, ollama.chat(model='tiny', messages=hi, options={'num_predict': 3}).message.content)
text = ''
for part in ollama.chat(model='tiny', messages=hi, stream=True):
    text += part.message.content
    if text.count('tick') == 2: break
print(text)
`

const OLLAMA_SAID = [
  `True stop ${SCRIPTED_TEXT}`,
  "get_weather {'city': 'Cuzco', 'unit': '°C'} [4, 4] ['tiny'] ['completion', 'tools']",
].join('\n')

const TOOL_SAID = Object.values(SCRIPTED_TOOL_ARGUMENTS).join(' ')

const llama = await llamaServerOrSkip()

interface Case {
  readonly library: Library | undefined
  readonly script: string
  readonly how: string
  readonly env: (url: string, key: string) => Readonly<Record<string, string>>
  readonly said: string
}

const inPath: Pick<Case, 'how' | 'env'> = {
  how: 'the key in the path',
  env: (url, key) => ({ BASE_URL: `${url}/k/${key}` }),
}
const inUrl: Pick<Case, 'how' | 'env'> = {
  how: "the key as the URL's password",
  env: (url, key) => ({ BASE_URL: url.replace('//', `//user:${key}@`) }),
}
/** Node's fetch takes no URL with a password. */
const inHeader: Pick<Case, 'how' | 'env'> = {
  how: 'user and password in a header',
  env: (url, key) => ({ BASE_URL: url, AUTHORIZATION: `Basic ${btoa(`user:${key}`)}` }),
}

const langchainJs = npmLibraryOrSkip('@langchain/ollama')
const langchainPython = await pythonLibraryOrSkip('langchain-ollama')
const instructor = await pythonLibraryOrSkip('instructor')
const ollamaPython = await pythonLibraryOrSkip('ollama')

const CASES: readonly Case[] = [
  { library: langchainJs, script: LANGCHAIN_JS, ...inPath, said: SCRIPTED_TEXT },
  { library: langchainJs, script: LANGCHAIN_JS, ...inHeader, said: SCRIPTED_TEXT },
  { library: langchainPython, script: LANGCHAIN_PYTHON, ...inPath, said: SCRIPTED_TEXT },
  { library: langchainPython, script: LANGCHAIN_PYTHON, ...inUrl, said: SCRIPTED_TEXT },
  { library: instructor, script: INSTRUCTOR, ...inPath, said: TOOL_SAID },
]

describe('client libraries that are no dependency', () => {
  const opened = new AsyncDisposableStack()
  let place: ToolPlace
  let upstream: ScriptedUpstream
  let gateway: TestGateway

  beforeAll(async () => {
    for (const library of [langchainJs, langchainPython, instructor, ollamaPython]) {
      if (library !== undefined) process.stderr.write(`${library.name}, ${TEST_PATH}: ${library.version}\n`)
    }
    place = opened.use(await ToolPlace.open())
    upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
    const config = { gateway: { keyInPath: true } }
    gateway = opened.use(await startTestGateway({ translates: true, upstreams: [upstream.origin], config }))
  })
  afterAll(() => opened.disposeAsync())

  for (const { library, script, how, env, said } of CASES) {
    test.skipIf(library === undefined)(`${library?.name ?? script.trim().split('\n')[0]} with ${how}`, async () => {
      const key = await gateway.key()
      const ended = await library?.run(place, script, env(gateway.url, key))
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(said) })
      const last = (await upstream.nextRequest()).rawHeaders
      expect(JSON.stringify(last)).not.toContain(key)
      expect((await gateway.rows()).at(-1)).toMatchObject({ status: 200, error_code: null })
      expect(place.strangersAsked).toEqual([])
    })
  }

  test.skipIf(ollamaPython === undefined)('ollama for Python, on a server of chat completions alone', async () => {
    const lacks = lackedPaths('/v1/chat/completions').filter((path) => path !== '/v1/embeddings')
    await using openai = await startScriptedUpstream({ server: 'openai', lacks })
    const config = { gateway: { keyInPath: true } }
    await using before = await startTestGateway({ translates: true, upstreams: [openai.origin], config })
    const ended = await ollamaPython?.run(place, OLLAMA_PYTHON, inPath.env(before.url, await before.key()))
    expect(ended).toMatchObject({ code: 0, stdout: `${OLLAMA_SAID}\n` })
    const chats = openai.requests.filter(({ path }) => path === '/v1/chat/completions')
    expect(inRoleTool(chats[3]?.json ?? {})).toEqual(['dry'])
    const rows = await before.rows()
    expect(rows.map(({ route, status }) => `${status} ${route}`)).toEqual([
      ...new Array(4).fill('200 POST /api/chat'),
      '200 POST /api/embed',
      '200 GET /api/tags',
      '200 POST /api/show',
      '200 POST /api/generate',
    ])
    const identity = { client_name: 'ollama-python', client_version: ollamaPython?.version }
    for (const row of rows) expect(row).toMatchObject({ error_code: null, ...identity })
  })

  test.skipIf(ollamaPython === undefined || llama === undefined)(
    'ollama for Python, unchanged, at a forward before a real llama-server, and what it leaves ends there',
    async () => {
      await using endless = await startLlamaServer({ tokens: [' tick', ' tock'], isEndless: true })
      await using before = await startTestGateway({ translates: true, upstreams: [endless.origin] })
      await using forward = await openForward({
        gateway: { url: before.url, key: new Secret(await before.key()), caFile: undefined },
        listen: { host: '127.0.0.1', port: 0 },
        clock: systemClock,
      })
      const ended = await ollamaPython?.run(place, OLLAMA_LEAVES, { OLLAMA_HOST: forward.url })
      expect(ended).toMatchObject({ code: 0, stdout: "['tiny']  tick tock tick\n tick tock tick\n" })
      await untilIdle(endless)
      await settled(before)
      const chats = (await before.rows()).filter(({ route }) => route === 'POST /api/chat')
      expect(chats).toMatchObject([
        { status: 200, completion_tokens: 3, is_estimated: 0 },
        { status: 499, error_code: 'client_closed' },
      ])
    },
  )
})
