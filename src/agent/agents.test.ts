import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ensureHome } from '../config/home.ts'
import { Secret } from '../core/secret.ts'
import { controlSocketPath } from '../system/control-socket-path.ts'
import { type AgentStatusBody, listenForAgent } from './agent-control.ts'
import { listAgentProfiles, writeAgentProfile } from './agent-profile.ts'
import { disconnect, reportAgents } from './agents.ts'

const TOKEN = 'pr_0123456789_verysecret'

const BODY: AgentStatusBody = {
  profile: 'work',
  pid: 42,
  version: '0.1.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  gateway: 'https://gateway.example.org',
  tunnel: { id: 'tun_0123456789ab', label: 'attic' },
  link: { state: 'connected', since: '2026-01-01T00:00:00.000Z', roundTripMs: 7 },
  streams: 1,
  lastError: null,
  upstream: {
    url: 'http://127.0.0.1:11434',
    state: 'up',
    reason: '',
    server: 'ollama',
    version: '0.9.1',
    models: ['a'],
  },
}

let home: string
let socketPath: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'punku-agents-'))
  socketPath = controlSocketPath(home, process.platform, 'agent-work')
  ensureHome(home)
  writeAgentProfile(home, {
    name: 'work',
    gatewayUrl: 'https://gateway.example.org',
    tunnelId: 'tun_0123456789ab',
    label: 'attic',
    upstreamUrl: 'http://127.0.0.1:11434',
    upstreamKeyFile: undefined,
    caFile: undefined,
    pairedAt: 0,
    refreshToken: new Secret(TOKEN),
  })
})
afterEach(() => rmSync(home, { recursive: true }))

const paired = { gateway: 'https://gateway.example.org', label: 'attic', upstream: 'http://127.0.0.1:11434' }

/** An agent that takes commands; gives how often it was told to stop. */
async function listen(): Promise<() => number> {
  let stops = 0
  const listener = await listenForAgent(socketPath, { status: () => BODY, stop: () => stops++ })
  onTestFinished(() => listener.close())
  return () => stops
}

/** An agent that ends as soon as it is asked. */
async function listenAndEnd(): Promise<void> {
  const server = createServer((socket) => socket.once('data', () => socket.destroy()))
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  onTestFinished(() => void server.close())
}

describe('reportAgents', () => {
  test("a running agent speaks for itself, on a socket that is its owner's alone", async () => {
    await listen()
    expect(statSync(socketPath).mode & 0o777).toBe(0o600)
    expect(await reportAgents(home)).toEqual([{ profile: 'work', agent: BODY, paired, problem: null }])
  })

  test('one that does not run, and one that ends while it is asked, are told apart', async () => {
    expect(await reportAgents(home)).toEqual([{ profile: 'work', agent: null, paired, problem: null }])
    await listenAndEnd()
    const [report] = await reportAgents(home)
    expect(report).toMatchObject({ agent: null, paired, problem: expect.stringContaining('--profile work') })
  })

  test('a profile that others can read is told, and its agent is not asked', async () => {
    chmodSync(join(home, 'secrets', 'agents', 'work.json'), 0o644)
    const reports = await reportAgents(home)
    expect(reports).toEqual([
      { profile: 'work', agent: null, paired: null, problem: expect.stringContaining('chmod 600') },
    ])
    expect(JSON.stringify(reports)).not.toContain(TOKEN)
  })
})

describe('disconnect', () => {
  test('stops the agent once and removes its profile', async () => {
    const stops = await listen()
    expect(await disconnect(home, undefined)).toEqual({
      profile: 'work',
      label: 'attic',
      tunnelId: 'tun_0123456789ab',
      gateway: 'https://gateway.example.org',
      wasRunning: true,
    })
    expect([stops(), listAgentProfiles(home)]).toEqual([1, []])
  })

  test('an agent that ends before its answer is out has stopped', async () => {
    await listenAndEnd()
    expect(await disconnect(home, 'work')).toMatchObject({ wasRunning: true })
    expect(listAgentProfiles(home)).toEqual([])
  })

  test('without an agent the profile is removed all the same', async () => {
    expect(await disconnect(home, 'work')).toMatchObject({ wasRunning: false })
    expect(listAgentProfiles(home)).toEqual([])
  })
})
