import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HOP_EXITS, type Hop } from '../../src/diagnosis/hop.ts'
import { ClientPlace } from '../support/client-place.ts'
import { watched } from '../support/watched.ts'
import { MAIN } from './punku.ts'

/** A network of its own takes an administrator, and a system that lets them. */
const hasOwnNetwork = spawnSync('unshare', ['-mn', 'true'], { stdio: 'ignore' }).status === 0

/** What is sent to 10.8.0.0/16 is dropped without a word there; the two names are known to the hosts file alone. */
const NETWORK = `
ip link set lo up && ip route add 10.8.0.0/16 dev lo
mount --bind "$1" /etc/hosts
shift
exec "$@"`
const HOSTS = '0.0.0.0 blocked.test\nfd00::1 six.test\n'

/** The doctor on a workstation that is in such a network. */
async function walkThere(
  url: string,
): Promise<readonly [code: number | null, broken: string | undefined, all: string]> {
  using place = new ClientPlace({ url })
  const hosts = join(place.folder, 'hosts')
  writeFileSync(hosts, HOSTS)
  const doctor = [process.execPath, MAIN, 'doctor', '--client', '--wait', '400ms', '--home', place.home]
  const child = watched(
    spawn('unshare', ['-mn', 'sh', '-c', NETWORK, 'sh', hosts, ...doctor], {
      env: { PATH: process.env['PATH'], NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (more) => (text += more))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return [code, text.split('\n').find((line) => line.startsWith('✗ ')), text]
}

const WALKS: readonly (readonly [url: string, hop: Hop, words: RegExp])[] = [
  ['http://10.8.0.1:11435', 'connection', /No answer comes from 10\.8\.0\.1, port 11435 within 400 ms/],
  ['https://blocked.test', 'dns', /blocked\.test leads to 0\.0\.0\.0, which is nobody's address/],
  ['https://six.test', 'dns', /six\.test has IPv6 addresses alone \(fd00::1\), and this machine has none/],
]

test.skipIf(!hasOwnNetwork)(
  `a port that is filtered, a name that is blocked, and one without a way${hasOwnNetwork ? '' : ' (NOT RUN: no network of its own may be made here)'}`,
  async () => {
    await Promise.all(
      WALKS.map(async ([url, hop, words]) => {
        const [code, broken, all] = await walkThere(url)
        expect([broken, code], all).toEqual([expect.stringMatching(words), HOP_EXITS[hop]])
      }),
    )
  },
)
