import { describe, expect, test } from 'vitest'
import { hasProgram } from '../cli/punku.ts'
import { settled, until } from '../proxy/turns.ts'
import { startTestGateway, TEST_PATH } from '../support/gateway.ts'
import { frames, hold } from '../support/scripted/steps.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { KEYS } from '../support/terminal.ts'
import { programOrSkip } from './program.ts'
import { RUN_TOOLS, runOptions } from './run-tools.ts'
import { ToolPlace } from './tool-place.ts'
import { toolNames } from './tool-results.ts'

const hasTerminal = process.platform === 'linux' && hasProgram('script', '--version')

/** It offers no tools. */
const WITHOUT_TOOLS: readonly string[] = ['aider']

describe.each(RUN_TOOLS)('punku run $name', (tool) => {
  const program = programOrSkip(tool.program)

  test.skipIf(program === undefined || !hasTerminal)('Ctrl-C reaches the model server', async () => {
    await using upstream = await startScriptedUpstream({
      server: 'llama-server',
      models: ['tiny'],
      chooseTool: () => undefined,
    })
    await using gateway = await startTestGateway({ translates: true, upstreams: [upstream.origin] })
    await using place = await ToolPlace.open()
    upstream.behave([frames(2), hold], { times: Infinity, path: '/v1/chat/completions' })
    const target = { program: program ?? '', url: gateway.url, key: await gateway.key() }
    using terminal = place.startInTerminal(process.execPath, runOptions(place, tool, target))
    const asked = [await upstream.nextRequest()]
    while (!WITHOUT_TOOLS.includes(tool.name) && toolNames(asked.at(-1)?.json ?? {}).length === 0)
      asked.push(await upstream.nextRequest())
    await until(() => (asked.at(-1)?.sentBytes ?? 0) > 0)
    const pressedAt = performance.now()
    terminal.press(KEYS.interrupt)
    for (const request of asked) expect((await request.ended).how).toBe('abandoned')
    const leftMs = Math.round(performance.now() - pressedAt)
    const code = await terminal.ended
    process.stderr.write(
      `${tool.name}, ${TEST_PATH}: Ctrl-C left the model server in ${leftMs} ms, and ended with ${code}\n`,
    )
    expect(code).toEqual(expect.any(Number))
    await settled(gateway)
    const rows = (await gateway.rows()).filter(({ route }) => route.startsWith('POST '))
    for (const row of rows) expect(row).toMatchObject({ status: 499, error_code: 'client_closed' })
    expect(rows).toHaveLength(upstream.requests.filter(({ method }) => method === 'POST').length)
  })
})
