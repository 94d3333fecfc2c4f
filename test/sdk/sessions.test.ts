import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ShownToolSessionBody, ToolSessionBody } from '../../src/contract/tool-sessions.ts'
import { Punku } from '../cli/punku.ts'
import { ClientPlace } from '../support/client-place.ts'
import { startTestGateway } from '../support/gateway.ts'
import { expectCounted } from '../support/llama-counters.ts'
import { llamaServerOrSkip, startLlamaServer } from '../support/llama-server.ts'
import { runCommand } from '../support/run-command.ts'
import { toolTurnModel } from '../support/tool-turn-model.ts'

const TOOL = fileURLToPath(new URL('../support/asking-tool.ts', import.meta.url))
const FOREIGN = {
  OPENAI_API_KEY: 'sk-foreign',
  ANTHROPIC_API_KEY: 'sk-foreign',
  ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
}
const SAID = [' It', ' is', ' dry', ' there.']
/** A turn that calls and one that says. */
const TURNS_A_CONVERSATION = 2

const program = await llamaServerOrSkip()

describe.skipIf(program === undefined)('punku run on a real llama-server', () => {
  test.each([
    { how: 'in each format that it has itself', formats: ['chat', 'messages'], translates: false },
    {
      how: 'in formats that are put into its own',
      formats: ['chat', 'messages', 'responses', 'ollamaChat'],
      translates: true,
    },
  ])(
    'a session $how has what the tool was told, and what the server counted of itself',
    async ({ formats, translates }) => {
      const model = toolTurnModel('weather', { city: 'Cuzco' }, SAID)
      await using server = await startLlamaServer({ args: ['--metrics'], ...model })
      await using gateway = await startTestGateway({ translates, upstreams: [server.origin] })
      using place = new ClientPlace({ url: gateway.url, key: await gateway.key() })
      const args = [
        '--home',
        place.home,
        'run',
        process.execPath,
        '--label',
        'counted',
        '--',
        TOOL,
        server.model,
        ...formats,
      ]
      const running = new Punku({ args, cwd: place.folder, env: FOREIGN })
      onTestFinished(() => running[Symbol.dispose]())
      const { code, stdout, stderr } = await running.ended
      expect([code, stderr]).toEqual([0, ''])

      const turns = (await gateway.rows()).filter(({ route }) => !/count_tokens|models/.test(route))
      const told = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly how: string })
      expect(turns.map((row, index) => ({ ...row, how: told[index]?.how }))).toMatchObject(told)
      const shown = async <T>(...words: string[]) => {
        const ended = await runCommand({ args: ['sessions', ...words, '--json', '--home', gateway.home] })
        expect([ended.code, ended.stderr]).toEqual([0, ''])
        return JSON.parse(ended.stdout) as T
      }
      const [listed] = await shown<ToolSessionBody[]>('--label', 'counted')
      const session = await shown<ShownToolSessionBody>('show', listed?.id ?? '')
      // Each whole, streamed, and one a stream that tells no usage of its own.
      const conversations = 2 * formats.length + 1
      expect(told).toHaveLength(conversations * TURNS_A_CONVERSATION)
      expect(session).toMatchObject({
        id: expect.stringMatching(/^run_/),
        requests: told.length + 2 * TURNS_A_CONVERSATION,
        turns: told.length,
        errors: 0,
        estimated: 0,
        streams: (formats.length + 1) * TURNS_A_CONVERSATION,
        toolCalls: [{ name: 'weather', count: conversations }],
      })
      await expectCounted(session, [server.origin])
      // A conversation goes on with what is in the cache, and its streams began before they ended.
      expect(session.cachedTokens).toBeGreaterThan(0)
      expect([session.meanTtfbMs, session.tokensPerSecond]).toEqual([expect.any(Number), expect.any(Number)])
      for (const row of turns) expect(row.ttfb_ms).toBeLessThanOrEqual(row.duration_ms)
    },
  )
})
