import { writeFileSync } from 'node:fs'
import type { NetworkInterfaceInfo } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lookAtFirewall } from '../../src/machine/firewall-look.ts'
import { scriptedPrograms } from './programs.ts'

const bridge: NetworkInterfaceInfo = {
  address: '172.17.0.1',
  netmask: '255.255.0.0',
  family: 'IPv4',
  mac: '02:42:00:00:00:01',
  internal: false,
  cidr: '172.17.0.1/16',
}

/** Looks from a gateway on Docker's bridge, on a machine with these programs. */
async function look(
  scripts: Readonly<Record<string, string>>,
  given: { readonly platform?: NodeJS.Platform; readonly ufwConf?: string; readonly host?: string } = {},
) {
  using programs = scriptedPrograms(scripts)
  const ufwFile = join(programs.folder, 'ufw.conf')
  if (given.ufwConf !== undefined) writeFileSync(ufwFile, given.ufwConf)
  return await lookAtFirewall({
    run: programs.run,
    platform: given.platform ?? 'linux',
    program: '/opt/punku/node',
    ufwFile,
    listeners: [{ host: given.host ?? '172.17.0.1', port: 11_435 }],
    interfaces: { docker0: [bridge] },
  })
}

/** What prints these lines, by `sh` alone. */
const said = (...lines: readonly string[]) => `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}`

const UFW_LINE = 'sudo ufw allow from 172.17.0.0/16 to any port 11435 proto tcp'

/** What `ufw status` prints, with these rules. */
const ufwStatus = (...rules: readonly string[]) => ({
  ufw: said(
    'Status: active',
    '',
    'To                         Action      From',
    '--                         ------      ----',
    ...rules,
    '',
  ),
})

test('a gateway for this machine alone needs no rule, and no firewall is none', async () => {
  expect(await look(ufwStatus(), { host: '127.0.0.1' })).toMatchObject({ state: 'skipped' })
  expect(await look({})).toEqual({ state: 'ok', said: 'No firewall that is known here is switched on.' })
  expect(await look({ ufw: said('Status: inactive') })).toMatchObject({ state: 'ok' })
})

test.each<[isLet: boolean, rule: string]>([
  [false, '22/tcp                     ALLOW       Anywhere'],
  [false, '11435/tcp                  DENY        172.17.0.0/16'],
  [false, '11435/udp                  ALLOW       172.17.0.0/16'],
  [false, '11435/tcp                  ALLOW       192.168.1.0/24'],
  [false, '11435/tcp on eth0          ALLOW       Anywhere'],
  [true, '11435/tcp                  ALLOW       172.17.0.0/16'],
  [true, '11435                      ALLOW IN    Anywhere                   # punku'],
  [true, '11400:11500/tcp            ALLOW       Anywhere'],
  [true, '172.17.0.1 11435/tcp       ALLOW       172.17.0.0/16'],
  [true, 'Anywhere on docker0        ALLOW       Anywhere'],
])('ufw with a rule lets it in: %j, by %j', async (isLet, rule) => {
  const found = await look(ufwStatus(rule))
  if (isLet) expect(found).toEqual({ state: 'ok', said: 'The firewall (ufw) lets clients in.' })
  else expect(found).toMatchObject({ state: 'warning', advice: expect.stringContaining(UFW_LINE) })
})

test('of a ufw that tells only root, its file says whether it is on', async () => {
  const ufw = 'echo "ERROR: You need to be root to run this script" >&2; exit 1'
  expect(await look({ ufw }, { ufwConf: '# /etc/ufw/ufw.conf\nENABLED=yes\nLOGLEVEL=low\n' })).toMatchObject({
    state: 'warning',
    said: expect.stringContaining('only an administrator sees whether it lets in port 11435 from 172.17.0.0/16'),
    advice: expect.stringContaining(UFW_LINE),
  })
  expect(await look({ ufw }, { ufwConf: 'ENABLED=no\n' })).toMatchObject({ state: 'ok' })
})

const firewalld = (zone: readonly string[], zoneOfInterface = 'echo "no zone" >&2; exit 2') =>
  [
    'case "$1" in',
    '--state) echo running;;',
    `--get-zone-of-interface=docker0) ${zoneOfInterface};;`,
    '--get-default-zone) echo public;;',
    `--info-zone=*) ${said(...zone)};;`,
    'esac',
  ].join('\n')

const ZONE = ['public', '  target: default', '  services: ssh dhcpv6-client', '  ports: ', '  rich rules: '] as const
const RULE = 'rule family="ipv4" source address="172.17.0.0/16" port port="11435" protocol="tcp" accept'

test('firewalld, by the zone of the bridge', async () => {
  expect(await look({ 'firewall-cmd': firewalld(ZONE) })).toMatchObject({
    state: 'warning',
    said: 'The firewall (firewalld) has no rule that lets in port 11435 from 172.17.0.0/16.',
    advice: `Where clients there are to be let in: sudo firewall-cmd --permanent --zone=public --add-rich-rule='${RULE}' && sudo firewall-cmd --reload`,
  })
  for (const zone of [
    ['docker (active)', '  target: ACCEPT', '  ports: '],
    ['public', '  target: default', '  ports: 80/tcp 11435/tcp'],
    [...ZONE, `\t${RULE}`],
  ]) {
    expect(await look({ 'firewall-cmd': firewalld(zone, 'echo docker') })).toMatchObject({ state: 'ok' })
  }
  const stopped = { 'firewall-cmd': 'echo "not running"; exit 252' }
  expect(await look(stopped)).toMatchObject({ state: 'ok' })
})

const nft = (...rules: readonly string[]) => ({
  nft: said(
    'table inet filter {',
    '\tchain input {',
    '\t\ttype filter hook input priority filter; policy drop;',
    '\t\tct state established,related accept',
    ...rules,
    '\t}',
    '}',
  ),
})

test('a chain of nftables that drops what comes in', async () => {
  expect(await look(nft('\t\ttcp dport 22 accept'))).toMatchObject({
    state: 'warning',
    advice: expect.stringContaining(
      'sudo nft insert rule inet filter input ip saddr 172.17.0.0/16 tcp dport 11435 accept',
    ),
  })
  expect(await look(nft('\t\ttcp dport { 22, 11435 } accept'))).toMatchObject({ state: 'ok' })
  expect(await look(nft('\t\tip saddr 10.0.0.0/8 tcp dport 11435 accept'))).toMatchObject({ state: 'warning' })
})

test("macOS's application firewall", async () => {
  const tool = (blocked: string) => ({
    socketfilterfw: `case "$1" in --getglobalstate) echo "Firewall is enabled. (State = 1)";; --getappblocked) echo "${blocked}";; esac`,
  })
  expect(await look(tool('The application is not part of the firewall'), { platform: 'darwin' })).toMatchObject({
    state: 'warning',
    advice: expect.stringContaining(
      'sudo /usr/libexec/ApplicationFirewall/socketfilterfw --add /opt/punku/node && sudo /usr/libexec/ApplicationFirewall/socketfilterfw --unblockapp /opt/punku/node',
    ),
  })
  const permitted = tool('Incoming connections to the application at path /opt/punku/node are permitted.')
  expect(await look(permitted, { platform: 'darwin' })).toMatchObject({ state: 'ok' })
  const off = { socketfilterfw: 'echo "Firewall is disabled. (State = 0)"' }
  expect(await look(off, { platform: 'darwin' })).toMatchObject({ state: 'ok' })
})
