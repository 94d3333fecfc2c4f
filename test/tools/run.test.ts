import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeClientProfile } from '../../src/client/profiles/client-profile.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { MAIN } from '../cli/punku.ts'
import { startTestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { programOrSkip } from './program.ts'
import { ToolPlace } from './tool-place.ts'

/** A tool as `punku run` knows it, and the words of one turn without a person beside it. */
interface RunTool {
  readonly name: string
  readonly program: string
  readonly words: readonly string[]
  /** What the person has set up, which leads elsewhere: texts by their paths in the home. It stays as it is. */
  readonly own?: Readonly<Record<string, string>>
}

const ELSEWHERE = 'http://127.0.0.1:9/foreign'

const PROMPT = 'Say hello.'
const SAID = 'Hello from the model behind the gateway.'

const RUN_TOOLS: readonly RunTool[] = [
  {
    name: 'claude',
    program: 'claude',
    words: ['-p', PROMPT],
    own: {
      'claude/settings.json': JSON.stringify({
        model: 'claude-foreign',
        apiKeyHelper: 'echo sk-foreign',
        env: { ANTHROPIC_BASE_URL: ELSEWHERE, ANTHROPIC_API_KEY: 'sk-foreign', ANTHROPIC_MODEL: 'foreign' },
      }),
    },
  },
  {
    name: 'codex',
    program: 'codex',
    own: {
      'codex/config.toml': `model = "foreign"\nmodel_provider = "other"\n[model_providers.other]\nname = "Other"\nbase_url = "${ELSEWHERE}"\n`,
    },
    words: ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', PROMPT],
  },
  {
    name: 'opencode',
    program: 'opencode',
    words: ['run', '--pure', PROMPT],
    own: {
      'config/opencode/opencode.json': JSON.stringify({
        $schema: 'https://opencode.ai/config.json',
        model: 'openai/foreign',
        small_model: 'openai/foreign',
      }),
    },
  },
  {
    name: 'qwen',
    program: 'qwen',
    words: ['--yolo', '-p', PROMPT],
    own: {
      '.qwen/settings.json': JSON.stringify({
        $version: 4,
        security: { auth: { selectedType: 'anthropic', baseUrl: ELSEWHERE, apiKey: 'sk-foreign' } },
        model: { name: 'foreign' },
      }),
    },
  },
  { name: 'copilot', program: 'copilot', words: ['--allow-all-tools', '--no-color', '-p', PROMPT] },
  {
    name: 'pi',
    program: 'pi',
    words: ['-p', PROMPT],
    own: {
      '.pi/agent/models.json': JSON.stringify({
        providers: {
          punku: { baseUrl: ELSEWHERE, api: 'openai-completions', apiKey: 'sk-foreign', models: [{ id: 'foreign' }] },
        },
      }),
    },
  },
  {
    name: 'aider',
    program: 'aider',
    words: ['--no-git', '--yes-always', '--no-pretty', '--no-check-update', '--analytics-disable', '--message', PROMPT],
    own: {
      '.env': `OPENAI_API_KEY=sk-foreign\nOPENAI_API_BASE=${ELSEWHERE}\n`,
      '.aider.conf.yml': `model: openai/foreign\nopenai-api-key: sk-foreign\nopenai-api-base: ${ELSEWHERE}\n`,
    },
  },
  {
    name: 'cline',
    program: 'cline',
    words: [PROMPT],
    own: { '.cline/data/settings/providers.json': JSON.stringify({ version: 1, modes: {}, providers: {} }) },
  },
  {
    name: 'continue',
    program: 'cn',
    words: ['-p', PROMPT],
    own: { '.continue/config.yaml': 'name: mine\nversion: 1.0.0\nschema: v1\nmodels: []\n' },
  },
  {
    name: 'droid',
    program: 'droid',
    words: ['exec', PROMPT],
    own: { '.factory/settings.json': JSON.stringify({ sessionDefaultSettings: { model: 'foreign' } }) },
  },
]

/** What a shell may have left of other servers. */
const FOREIGN = {
  ANTHROPIC_API_KEY: 'sk-foreign',
  ANTHROPIC_BASE_URL: ELSEWHERE,
  ANTHROPIC_MODEL: 'foreign',
  CLAUDE_CODE_USE_BEDROCK: '1',
  OPENAI_API_KEY: 'sk-foreign',
  OPENAI_BASE_URL: ELSEWHERE,
  OPENAI_API_BASE: ELSEWHERE,
  OPENAI_MODEL: 'foreign',
  COPILOT_PROVIDER_BASE_URL: ELSEWHERE,
  COPILOT_PROVIDER_API_KEY_COMMAND: 'echo sk-foreign',
  OLLAMA_HOST: 'http://127.0.0.1:9',
  GEMINI_API_KEY: 'sk-foreign',
  OPENROUTER_API_KEY: 'sk-foreign',
}

interface Seen {
  readonly path: string
  readonly credential: string
  readonly session: string | undefined
  readonly label: string | undefined
}

/** Passes all on to a gateway, and remembers what requests say of themselves. */
async function openWatched(gatewayUrl: string) {
  const seen: Seen[] = []
  const server = createServer((req, res) => {
    const { method, headers, url = '' } = req
    seen.push({
      path: `${method} ${url.split('?', 1)[0]}`,
      credential: String(headers.authorization ?? headers['x-api-key'] ?? ''),
      session: headers['x-punku-session'] as string | undefined,
      label: headers['x-punku-label'] as string | undefined,
    })
    const { host: _host, ...passed } = headers
    const asked = request(gatewayUrl + url, { method, headers: passed }, (answer) => {
      res.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(res)
    })
    asked.on('error', () => res.destroy())
    req.pipe(asked)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe.each(RUN_TOOLS)('punku run $name', ({ name, program: programName, words, own = {} }) => {
  const program = programOrSkip(programName)

  test.skipIf(program === undefined)('answers through the gateway, whatever the shell has', async () => {
    await using upstream = await startScriptedUpstream({
      server: 'llama-server',
      models: ['tiny'],
      words: SAID.split(/(?= )/),
      chooseTool: () => undefined,
    })
    await using gateway = await startTestGateway({ translates: true, upstreams: [upstream.origin] })
    await using watched = await openWatched(gateway.url)
    await using place = await ToolPlace.open()
    const key = await gateway.key()
    const home = join(place.work, '../punku')
    ensureHome(home)
    writeClientProfile(home, {
      name: 'default',
      url: watched.url,
      key: new Secret(key),
      caFile: undefined,
      model: undefined,
    })
    const PATH = [dirname(program ?? ''), process.env['PATH']].join(delimiter)
    const ended = await place.run(process.execPath, {
      args: [MAIN, '--home', home, 'run', name, '--label', 'a try', '--context', '65536', '--', ...words],
      env: { ...FOREIGN, PATH },
      homeFiles: own,
    })
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(SAID) })
    const asked = watched.seen.filter(({ path }) => path.startsWith('POST '))
    const session = asked[0]?.session
    expect([name, session]).toEqual([name, expect.stringMatching(/^run_[0-9a-z]{16}$/)])
    for (const each of asked)
      expect(each).toEqual({ path: each.path, credential: expect.stringContaining(key), session, label: 'a try' })
    expect(readdirSync(join(home, 'run', 'tools'))).toEqual([])
    for (const [path, text] of Object.entries(own))
      expect([path, readFileSync(join(place.work, '../home', path), 'utf8')]).toEqual([path, text])
    process.stderr.write(`${name} also wanted to ask: ${place.strangersAsked.join(' ') || 'nobody'}\n`)
  })
})
