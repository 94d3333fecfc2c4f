import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, TEST_PATH, type TestGateway } from '../support/gateway.ts'
import { SCRIPTED_TEXT, SCRIPTED_TOOL_ARGUMENTS } from '../support/scripted/answer.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { type Library, npmLibraryOrSkip, pythonLibraryOrSkip } from './library.ts'
import { ToolPlace } from './tool-place.ts'

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

const TOOL_SAID = Object.values(SCRIPTED_TOOL_ARGUMENTS).join(' ')

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
    for (const { name, version } of [langchainJs, langchainPython, instructor].filter((each) => each !== undefined)) {
      process.stderr.write(`${name}, ${TEST_PATH}: ${version}\n`)
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
})
