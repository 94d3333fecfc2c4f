import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requestStatus } from '../running-process.ts'
import { Clients, pause } from './clients.ts'
import { countRows } from './count-rows.ts'
import { startHouse } from './house.ts'
import { type SignedInPeople, signInPeople } from './people.ts'
import { linesOf, rowsExpected } from './report.ts'

const FULL_MS = 20_000
const BESIDE_MS = 5_000

/** The disk of the state folder is full for 20 s, under load. Meanwhile a key is revoked, an account reset, a member removed. Needs root, for a small disk. */
export async function drillDisk(): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return ['not run: only root can mount a small disk']
  const disk = mkdtempSync(join(tmpdir(), 'punku-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=700', 'tmpfs', disk])
  try {
    return await drill(disk)
  } finally {
    execFileSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true, force: true })
  }
}

async function drill(disk: string): Promise<readonly string[]> {
  await using house = await startHouse({ home: join(disk, 'home') })
  const { output } = await house.punku('keys', 'create', 'lost', '--json')
  const { id, key } = JSON.parse(output) as { id: string; key: string }
  const { members } = await signInPeople(house, ['eve', 'bob'])
  const [eve, bob] = members as [Member, Member]
  const before = await countRows(house.home)
  const clients = new Clients({ ...house.target, streams: 20, tokens: 100, everyMs: 20 })
  await pause(BESIDE_MS)
  fill(join(disk, 'filler'))
  await pause(FULL_MS / 2)
  const revoked = await house.punku('keys', 'revoke', id)
  const status = await requestStatus(house.target.port, key)
  const reset = await house.punku('people', 'reset', eve.email)
  const removed = await house.punku('people', 'remove', bob.email, '--from-org')
  const standings = await standingsOf(eve, bob)
  const told = await house.punku('status')
  await pause(FULL_MS / 2)
  rmSync(join(disk, 'filler'))
  await pause(2 * BESIDE_MS)
  const seen = await clients.stop()
  const shown = JSON.parse((await house.punku('keys', 'show', id, '--json')).data) as { state: string }
  const afterwards = await standingsOf(eve, bob)
  const again = await house.punku('people', 'reset', eve.email)
  await house.stopGateway('SIGTERM')
  const rows = (await countRows(house.home)) - before
  return [
    `full for ${FULL_MS / 1_000} s`,
    ...linesOf(seen),
    `rows: ${rows} of ${rowsExpected(seen)}`,
    `a revocation meanwhile: exit code ${revoked.code}, ${revoked.output.trim()}`,
    `the key was answered ${status} then, and is ${shown.state} in the store afterwards`,
    `an account reset: exit code ${reset.code}, ${reset.output.trim()}`,
    `a member removed: exit code ${removed.code}, ${removed.output.trim()}`,
    `to them the gateway answered ${standings} then, and ${afterwards} afterwards; reset again: exit code ${again.code}`,
    'punku status meanwhile:',
    ...told.output
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
  ]
}

type Member = SignedInPeople['members'][number]

/** What each person is told who asks who they are: the status, and the org where there is one. */
async function standingsOf(...people: readonly Member[]): Promise<string> {
  const answers = await Promise.all(people.map(({ visitor }) => visitor.ask('showMe')))
  return answers
    .map(
      ({ status, json }) =>
        `${status}${status === 200 ? ` in ${(json as { org: { slug: string } | null }).org?.slug ?? 'no org'}` : ''}`,
    )
    .join(' and ')
}

/** Writes until nothing more fits. */
function fill(path: string): void {
  for (let bytes = 1_048_576; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' })
    } catch {
      // Less may still fit.
    }
  }
}
