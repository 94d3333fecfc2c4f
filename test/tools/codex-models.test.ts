import { describe, expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { codexWithCommand } from './coding-tools.ts'
import { programOrSkip } from './program.ts'
import { ToolPlace } from './tool-place.ts'

const program = programOrSkip('codex')

describe.skipIf(program === undefined)('codex with a key from a command', () => {
  test('asks for the models first, and finishes its turn whatever it can read of the list', async () => {
    await using upstream = await startScriptedUpstream({ server: 'openai', chooseTool: () => undefined })
    await using gateway = await startTestGateway({ translates: true, upstreams: [upstream.origin] })
    await using place = await ToolPlace.open()
    const target = { url: gateway.url, key: await gateway.key(), model: 'tiny' }
    const { code, stdout, stderr } = await place.run(program ?? '', codexWithCommand(target, 'Say hello.'))
    const complaint = stderr.split('\n').find((line) => line.includes('failed to refresh available models'))
    process.stderr.write(`codex says of the list of models: ${complaint ?? 'nothing'}\n`)
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(SCRIPTED_TEXT) })
    const routes = (await gateway.rows()).map(({ route, status }) => `${status} ${route}`)
    expect(routes[0]).toBe('200 GET /v1/models')
    expect(routes.at(-1)).toBe('200 POST /v1/responses')
  })
})
