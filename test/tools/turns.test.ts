import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { CompatibilityRow } from './compatibility-row.ts'
import { describeTools } from './real-tool.ts'
import { inRoleTool, offersWebSearch, toolNames, toolResults } from './tool-results.ts'
import { lackedPaths, TURN_SERVERS } from './turn-servers.ts'

const MODEL = 'tiny'
const SAID = 'The tool has said hello and the turn is over.'
const ECHO = 'hello-from-tool'

describeTools((tool, real) => {
  const row = new CompatibilityRow(tool.name, tool.route)
  afterAll(() => row.print(real().version))

  test.each(TURN_SERVERS)('finishes a turn with a call of a tool, on $name', async ({ name, server, only }) => {
    row.begin(name)
    const { program, place, version } = real()
    const file = `out-${name.replaceAll(/\W/g, '-')}.txt`
    const lacks = lackedPaths(only)
    await using upstream = await startScriptedUpstream({
      server,
      models: [MODEL],
      lacks,
      words: SAID.split(/(?= )/),
      chooseTool: (body) =>
        toolNames(body).includes(tool.shell) && toolResults(body).length === 0
          ? { name: tool.shell, args: tool.shellArguments(`echo ${ECHO} | tee ${file}`) }
          : undefined,
    })
    await using gateway = await startTestGateway({ translates: true, upstreams: [upstream.origin] })
    const target = { url: gateway.url, key: await gateway.key(), model: MODEL }
    const ended = await place.run(program, tool.turn(target, 'Let the tool say hello.'))
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(SAID) })
    expect(readFileSync(join(place.work, file), 'utf8')).toBe(`${ECHO}\n`)
    expect(upstream.requests.flatMap(({ json }) => toolResults(json)).join()).toContain(ECHO)
    const offering = upstream.requests.filter(({ json }) => toolNames(json).includes(tool.shell))
    if (only !== undefined) {
      const served = offering.filter(({ path }) => path === only)
      expect(served.length).toBeGreaterThanOrEqual(2)
      expect(inRoleTool(served.at(-1)?.json ?? {}).join()).toContain(ECHO)
    }
    // Ollama would search itself, on its owner's account, and llama-server cannot.
    const mayOffer = tool.offersWebSearch && server === 'openai'
    expect(upstream.requests.some(({ json }) => offersWebSearch(json))).toBe(mayOffer)
    const rows = await gateway.rows()
    expect(rows.filter(({ route }) => route === tool.route).length).toBeGreaterThanOrEqual(2)
    const told = { client_version: version, session_id: expect.any(String) }
    const identity = {
      client_name: tool.clientName,
      ...Object.fromEntries(tool.tells.map((name) => [name, told[name]])),
    }
    for (const row of rows) expect(row).toMatchObject({ status: 200, error_code: null, ...identity })
    expect(place.strangersAsked.filter((asked) => !tool.strangers.includes(asked))).toEqual([])
    row.pass(name)
  })
})
