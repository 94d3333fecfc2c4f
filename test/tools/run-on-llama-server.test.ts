import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ShownToolSessionBody, ToolSessionBody } from '../../src/contract/tool-sessions.ts'
import { startTestGateway, TEST_PATH } from '../support/gateway.ts'
import { expectCounted } from '../support/llama-counters.ts'
import { llamaServerOrSkip, startLlamaServer } from '../support/llama-server.ts'
import { runCommand } from '../support/run-command.ts'
import { sayingModel, toolTurnModel } from '../support/tool-turn-model.ts'
import { CODING_TOOLS } from './coding-tools.ts'
import { programOrSkip } from './program.ts'
import { RUN_TOOLS, runOptions } from './run-tools.ts'
import { ToolPlace } from './tool-place.ts'

const SAID = ['The', ' tool', ' has', ' run,', ' and', ' this', ' turn', ' is', ' over.']
/** Their `-p` asks before it lets a tool run. */
const PERMISSION: Readonly<Record<string, readonly string[]>> = { claude: ['--allowedTools=Bash'] }

const llama = await llamaServerOrSkip()

describe.skipIf(llama === undefined).each(RUN_TOOLS)('punku run $name on a real llama-server', (tool) => {
  const program = programOrSkip(tool.program)
  const coding = CODING_TOOLS.find((each) => each.program === tool.program)

  test.skipIf(program === undefined)('its turn ends, and its session has what the server counted', async () => {
    const model =
      coding === undefined
        ? sayingModel(SAID)
        : toolTurnModel(coding.shell, coding.shellArguments('echo ran > ran.txt'), SAID)
    await using server = await startLlamaServer({ args: ['--metrics', '-c', '65536'], ...model })
    await using gateway = await startTestGateway({ translates: true, upstreams: [server.origin] })
    await using place = await ToolPlace.open()
    const target = { program: program ?? '', url: gateway.url, key: await gateway.key() }
    const words = [...(PERMISSION[tool.name] ?? []), ...tool.words]
    const ended = await place.run(process.execPath, runOptions(place, { ...tool, words }, target))
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(SAID.join('')) })
    if (coding !== undefined) expect(existsSync(join(place.work, 'ran.txt'))).toBe(true)

    const rows = await gateway.rows()
    const shown = async <T>(...args: string[]) => {
      const { code, stdout } = await runCommand({ args: ['sessions', ...args, '--json', '--home', gateway.home] })
      expect(code).toBe(0)
      return JSON.parse(stdout) as T
    }
    const sessions = await shown<ToolSessionBody[]>('--label', 'a try')
    expect(sessions).toHaveLength(1)
    const session = await shown<ShownToolSessionBody>('show', sessions[0]?.id ?? '')
    const { requests, turns, promptTokens, cachedTokens, completionTokens, estimated, toolCalls } = session
    process.stderr.write(
      `${tool.name}, ${TEST_PATH}: ${JSON.stringify({ requests, turns, promptTokens, cachedTokens, completionTokens, estimated })}\n`,
    )
    expect(session).toMatchObject({ errors: 0, estimated: 0, label: 'a try' })
    expect(toolCalls).toEqual(coding === undefined ? [] : [{ name: coding.shell, count: 1 }])
    expect(turns).toBeGreaterThanOrEqual(coding === undefined ? 1 : 2)
    // The list of models is asked for by `punku run` itself, before there is a session.
    expect(rows.filter(({ session_id }) => session_id !== session.id).map(({ route }) => route)).toEqual([
      'GET /v1/models',
    ])
    await expectCounted(session, [server.origin])
  })
})
