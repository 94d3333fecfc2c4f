import { readFile } from 'node:fs/promises'
import { shellWord } from '../core/wording.ts'
import type { RunProgram } from './run-program.ts'
import type { LocalSubnet } from './subnet.ts'

/** A port of this machine that a network around it should reach. */
export interface OpenPort extends Pick<LocalSubnet, 'interfaceName' | 'subnet'> {
  readonly port: number
}

/** A firewall of this machine that is switched on. */
export interface ActiveFirewall {
  readonly name: 'ufw' | 'firewalld' | 'nftables' | 'macOS'
  /** Whether it lets that network in; `undefined`: only an administrator may see its rules. */
  lets(open: OpenPort): Promise<boolean | undefined>
  /** What lets it in, as it is typed. */
  lineFor(open: OpenPort): Promise<string>
}

export interface FindFirewallOptions {
  readonly run: RunProgram
  readonly platform: NodeJS.Platform
  /** The program that listens, as macOS knows it: an absolute path. */
  readonly program: string
  /** Where ufw keeps what it is told. Default: `/etc/ufw/ufw.conf`. */
  readonly ufwFile?: string
}

/** The firewall that stands before this machine's ports; `undefined`: none that is switched on, or none that is known here. */
export async function findFirewall(options: FindFirewallOptions): Promise<ActiveFirewall | undefined> {
  switch (options.platform) {
    case 'linux':
      return (await findUfw(options)) ?? (await findFirewalld(options)) ?? (await findNft(options))
    case 'darwin':
      return await findOnMac(options)
    default:
      return undefined
  }
}

async function findUfw({ run, ufwFile = '/etc/ufw/ufw.conf' }: FindFirewallOptions) {
  const status = await run('ufw', ['status'])
  if (status === undefined) return undefined
  // Only root is told; the file says whether it starts with the machine.
  const isTold = status.status === 0
  const text = isTold ? status.stdout : await readFile(ufwFile, 'utf8').catch(() => '')
  if (!(isTold ? /^Status: active/m : /^ENABLED=yes/im).test(text)) return undefined
  return {
    name: 'ufw',
    lets: async (open) => (isTold ? text.split('\n').some((line) => isUfwRuleFor(line, open)) : undefined),
    lineFor: async ({ subnet, port }) => `sudo ufw allow from ${subnet} to any port ${port} proto tcp`,
  } satisfies ActiveFirewall
}

/** A line such as `11435/tcp    ALLOW    172.17.0.0/16`, of which each part may be `Anywhere`. */
function isUfwRuleFor(line: string, { subnet, port, interfaceName }: OpenPort): boolean {
  const [, to = '', from = ''] = /^(.+?)\s+(?:ALLOW|LIMIT)(?: IN)?\s+(.+?)\s*(?:#.*)?$/.exec(line) ?? []
  const [, place = '', on] = /^(.*?)(?: on (\S+))?$/.exec(to.trim()) ?? []
  if (on !== undefined && on !== interfaceName) return false
  if (from !== 'Anywhere' && from !== subnet) return false
  const words = place.split(/\s+/)
  const last = words[words.length - 1] ?? ''
  return last === 'Anywhere' || isAmongPorts(port, last)
}

/** `11435`, `11435/tcp`, `8080,11435/tcp`, `11400:11500/tcp`. */
function isAmongPorts(port: number, text: string): boolean {
  const [list = '', protocol = 'tcp'] = text.split('/')
  if (protocol !== 'tcp') return false
  return list.split(',').some((part) => {
    const [first = '', last = first] = part.split(/[:-]/)
    return /^\d+$/.test(first) && Number(first) <= port && port <= Number(last)
  })
}

async function findFirewalld({ run }: FindFirewallOptions) {
  const state = await run('firewall-cmd', ['--state'])
  if (state === undefined || !/^running/m.test(state.stdout)) return undefined
  const output = async (...args: string[]) => {
    const end = await run('firewall-cmd', args)
    return end?.status === 0 ? end.stdout.trim() : undefined
  }
  const zoneOf = async ({ interfaceName }: OpenPort) =>
    (await output(`--get-zone-of-interface=${interfaceName}`)) ?? (await output('--get-default-zone'))
  return {
    name: 'firewalld',
    async lets(open) {
      const zone = await zoneOf(open)
      const text = zone === undefined ? undefined : await output(`--info-zone=${zone}`)
      return text === undefined ? undefined : isLetByZone(text, open)
    },
    async lineFor(open) {
      const zone = await zoneOf(open)
      const rule = `rule family="ipv4" source address="${open.subnet}" port port="${open.port}" protocol="tcp" accept`
      const inZone = zone === undefined ? '' : ` --zone=${shellWord(zone)}`
      return `sudo firewall-cmd --permanent${inZone} --add-rich-rule='${rule}' && sudo firewall-cmd --reload`
    },
  } satisfies ActiveFirewall
}

function isLetByZone(text: string, { port, subnet }: OpenPort): boolean {
  const ports = /^\s*ports:(.*)$/m.exec(text)?.[1] ?? ''
  if (/^\s*target: ACCEPT$/m.test(text) || ports.split(/\s+/).some((one) => isAmongPorts(port, one))) return true
  return text
    .split('\n')
    .some(
      (line) =>
        /\brule\b.*\baccept\b/.test(line) &&
        line.includes(`port="${port}"`) &&
        (!line.includes('source address=') || line.includes(`address="${subnet}"`)),
    )
}

async function findNft({ run }: FindFirewallOptions) {
  const ruleset = await run('nft', ['list', 'ruleset'])
  // Whoever is not root sees none.
  const chain = ruleset?.status === 0 ? droppingChain(ruleset.stdout) : undefined
  if (chain === undefined) return undefined
  return {
    name: 'nftables',
    lets: async ({ port, subnet }) =>
      chain.rules.some(
        (rule) =>
          new RegExp(`\\bdport (?:\\{[^}]*\\b)?${port}\\b.*\\baccept\\b`).test(rule) &&
          (!rule.includes('saddr') || rule.includes(subnet)),
      ),
    lineFor: async ({ port, subnet }) =>
      `sudo nft insert rule ${chain.place} ip saddr ${subnet} tcp dport ${port} accept`,
  } satisfies ActiveFirewall
}

/** The first chain that drops what comes in unless a rule of its own lets it through. */
function droppingChain(ruleset: string): { readonly place: string; readonly rules: readonly string[] } | undefined {
  let table = ''
  let chain = ''
  let rules: string[] = []
  let drops = false
  for (const line of ruleset.split('\n').map((one) => one.trim())) {
    table = /^table (\S+ \S+) \{/.exec(line)?.[1] ?? table
    const begun = /^chain (\S+) \{/.exec(line)?.[1]
    if (begun !== undefined) {
      chain = begun
      rules = []
      drops = false
    } else if (/hook input\b.*policy drop/.test(line)) drops = true
    else if (line === '}' && drops) return { place: `${table} ${chain}`, rules }
    else rules.push(line)
  }
  return undefined
}

async function findOnMac({ run, program }: FindFirewallOptions) {
  const tool = '/usr/libexec/ApplicationFirewall/socketfilterfw'
  const state = await run('socketfilterfw', ['--getglobalstate'])
  if (state === undefined || !/State = [12]\b/.test(state.stdout)) return undefined
  return {
    name: 'macOS',
    async lets() {
      const end = await run('socketfilterfw', ['--getappblocked', program])
      if (end === undefined || end.status !== 0) return undefined
      return /\bpermitted\b/.test(end.stdout)
    },
    lineFor: async () => `sudo ${tool} --add ${shellWord(program)} && sudo ${tool} --unblockapp ${shellWord(program)}`,
  } satisfies ActiveFirewall
}
