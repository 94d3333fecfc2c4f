import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { systemClock } from '../../src/core/clock.ts'
import { type ContainersLookOptions, lookAtContainers } from '../../src/machine/containers-look.ts'
import { lookAtExposure } from '../../src/machine/exposure-look.ts'
import { scriptedPrograms } from './programs.ts'

/** The test's child, alone in a network of its own: it makes a bridge as Docker does, and prints what is seen there as JSON. */
const BRIDGE = 'br-0123456789ab'
const ADDRESS = '172.30.0.1'

for (const args of [
  ['link', 'set', 'lo', 'up'],
  ['link', 'add', BRIDGE, 'type', 'bridge'],
  ['addr', 'add', `${ADDRESS}/16`, 'dev', BRIDGE],
  ['link', 'set', BRIDGE, 'up'],
]) {
  execFileSync('ip', args)
}

async function listen(host: string): Promise<number> {
  const server = createServer((_request, response) => void response.end('{}')).listen(0, host)
  server.unref()
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const guarded = await listen('127.0.0.1')
const exposed = await listen('0.0.0.0')
const gateway = await listen(ADDRESS)

/** Docker, as far as it is asked, of a right question alone: it has an image, and what runs in it ends so. */
const docker = (status: number) => ({
  docker: `case "$*" in
    "image ls "*) echo busybox:1.37;;
    "run --rm --pull never --network ${BRIDGE.slice(3)} "*" busybox:1.37 nc -z -w 3 ${ADDRESS} "*) exit ${status};;
    *) exit 1;;
  esac`,
  ufw: 'echo "Status: active"',
})

async function look(port: number, given: Partial<ContainersLookOptions>, dockerEnds = 0) {
  using programs = scriptedPrograms(docker(dockerEnds))
  return await lookAtContainers({
    servers: [{ label: 'box', url: `http://127.0.0.1:${port}`, server: 'ollama' }],
    listeners: [{ host: ADDRESS, port: gateway }],
    interfaces: networkInterfaces(),
    clock: systemClock,
    platform: 'linux',
    program: process.execPath,
    run: programs.run,
    mayStartContainer: false,
    ...given,
  })
}

const servers = [{ label: 'box', url: `http://127.0.0.1:${exposed}`, server: 'ollama' }]
const found = {
  ports: { exposed, gateway },
  healthy: await look(guarded, {}),
  exposed: await look(exposed, {}),
  ownPort: await look(exposed, { listeners: [{ host: '0.0.0.0', port: exposed }] }),
  noListener: await look(guarded, { listeners: [{ host: '127.0.0.1', port: gateway }] }),
  lateBridge: await look(guarded, { listeners: [{ host: ADDRESS, port: guarded }] }),
  fromInside: await look(guarded, { mayStartContainer: true }),
  firewalled: await look(guarded, { mayStartContainer: true }, 1),
  noDocker: await look(guarded, { mayStartContainer: true }, 125),
  // The bridge is the business of `containers`: nobody else is on it.
  exposure: await lookAtExposure({
    servers,
    ownListeners: [],
    interfaces: networkInterfaces(),
    clock: systemClock,
    platform: 'linux',
  }),
}
process.stdout.write(JSON.stringify(found))
