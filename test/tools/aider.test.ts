import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { CompatibilityRow } from './compatibility-row.ts'
import { programOrSkip } from './program.ts'
import { ToolPlace } from './tool-place.ts'
import { lackedPaths, TURN_SERVERS } from './turn-servers.ts'

/** Aider offers no tools: models write whole files into their answers. */
const EDIT = ['out.txt\n', '```\n', 'hello-from-', 'tool\n', '```\n']

interface AiderApi {
  readonly route: string
  readonly model: string
  readonly env: (url: string, key: string) => Readonly<Record<string, string>>
}

const APIS: readonly AiderApi[] = [
  {
    route: 'POST /v1/chat/completions',
    model: 'openai/tiny',
    env: (url, key) => ({ OPENAI_API_BASE: `${url}/v1`, OPENAI_API_KEY: key }),
  },
  {
    route: 'POST /api/chat',
    model: 'ollama_chat/tiny',
    env: (url, key) => ({ OLLAMA_API_BASE: url, OLLAMA_API_KEY: key }),
  },
  {
    route: 'POST /v1/messages',
    model: 'anthropic/tiny',
    env: (url, key) => ({ ANTHROPIC_API_BASE: url, ANTHROPIC_API_KEY: key }),
  },
]

const program = programOrSkip('aider')

describe.skipIf(program === undefined).each(APIS)('aider by $route', ({ route, model, env }) => {
  const row = new CompatibilityRow('Aider', route)
  let version = ''
  afterAll(() => row.print(version))

  test.each(TURN_SERVERS)('writes what the model says into a file, on $name', async ({ name, server, only }) => {
    row.begin(name)
    const lacks = lackedPaths(only)
    await using upstream = await startScriptedUpstream({ server, models: ['tiny'], lacks, words: EDIT })
    await using gateway = await startTestGateway({ translates: true, upstreams: [upstream.origin] })
    await using place = await ToolPlace.open()
    const { code, stdout } = await place.run(program ?? '', {
      args: [
        ...['--model', model, '--edit-format', 'whole', '--message', 'Say hello.'],
        ...['--no-git', '--yes-always', '--no-pretty', '--no-check-update', '--analytics-disable'],
        ...['--no-show-model-warnings', '--no-show-release-notes'],
        'out.txt',
      ],
      env: { ...env(gateway.url, await gateway.key()), LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
    })
    version = /Aider v(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? ''
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('Applied edit to out.txt') })
    expect(readFileSync(join(place.work, 'out.txt'), 'utf8')).toBe('hello-from-tool\n')
    const rows = await gateway.rows()
    expect(rows.map((each) => each.route)).toContain(route)
    for (const each of rows) expect(each).toMatchObject({ status: 200, error_code: null })
    row.pass(name)
  })
})
