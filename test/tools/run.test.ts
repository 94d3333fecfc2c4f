import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { programOrSkip } from './program.ts'
import { punkuHome, RUN_TOOLS, runOptions } from './run-tools.ts'
import { ToolPlace } from './tool-place.ts'

const SAID = 'Hello from the model behind the gateway.'

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

describe.each(RUN_TOOLS)('punku run $name', (tool) => {
  const { name, own = {} } = tool
  const program = programOrSkip(tool.program)

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
    const ended = await place.run(
      process.execPath,
      runOptions(place, tool, { program: program ?? '', url: watched.url, key }),
    )
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(SAID) })
    const asked = watched.seen.filter(({ path }) => path.startsWith('POST '))
    const session = asked[0]?.session
    expect([name, session]).toEqual([name, expect.stringMatching(/^run_[0-9a-z]{16}$/)])
    for (const each of asked)
      expect(each).toEqual({ path: each.path, credential: expect.stringContaining(key), session, label: 'a try' })
    expect(readdirSync(join(punkuHome(place), 'run', 'tools'))).toEqual([])
    for (const [path, text] of Object.entries(own))
      expect([path, readFileSync(join(place.work, '../home', path), 'utf8')]).toEqual([path, text])
    process.stderr.write(`${name} also wanted to ask: ${place.strangersAsked.join(' ') || 'nobody'}\n`)
  })
})
