import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { describeTools } from './real-tool.ts'
import { offersWebSearch, toolNames, toolResults } from './tool-results.ts'

const MODEL = 'tiny'
const SAID = 'The tool has said hello and the turn is over.'

describeTools((tool, real) => {
  test.each([
    ['openai', []],
    ['ollama', []],
    ['openai', ['/v1/messages', '/v1/responses']],
  ] as const)('finishes a turn with a call of a tool, on a server like %s without %j', async (server, lacks) => {
    const { program, place, version } = real()
    const file = `out-${server}-${lacks.length}.txt`
    await using upstream = await startScriptedUpstream({
      server,
      models: [MODEL],
      lacks,
      words: SAID.split(/(?= )/),
      chooseTool: (body) =>
        toolNames(body).includes(tool.shell) && toolResults(body).length === 0
          ? { name: tool.shell, args: tool.shellArguments(`echo hello-from-tool | tee ${file}`) }
          : undefined,
    })
    await using gateway = await startTestGateway({ translates: true, upstreams: [upstream.origin] })
    const target = { url: gateway.url, key: await gateway.key(), model: MODEL }
    const ended = await place.run(program, tool.turn(target, 'Let the tool say hello.'))
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(SAID) })
    expect(readFileSync(join(place.work, file), 'utf8')).toBe('hello-from-tool\n')
    expect(upstream.requests.flatMap(({ json }) => toolResults(json)).join()).toContain('hello-from-tool')
    // Ollama would search itself, on its owner's account.
    const mayOffer = tool.offersWebSearch && server !== 'ollama'
    expect(upstream.requests.some(({ json }) => offersWebSearch(json))).toBe(mayOffer)
    const rows = await gateway.rows()
    expect(rows.filter(({ route }) => route === tool.route).length).toBeGreaterThanOrEqual(2)
    const identity = { client_name: tool.clientName, client_version: version, session_id: expect.any(String) }
    for (const row of rows) expect(row).toMatchObject({ status: 200, error_code: null, ...identity })
    expect(place.strangersAsked.filter((asked) => !tool.strangers.includes(asked))).toEqual([])
  })
})
