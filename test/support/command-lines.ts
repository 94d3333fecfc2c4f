import type { Command } from 'commander'

/** Every command that asks a gateway, with what it must be given. */
export const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'keys create': ['laptop'],
  'keys list': [],
  'keys show': ['laptop'],
  'keys change': ['laptop', '--name', 'desk'],
  'keys rotate': ['laptop'],
  'keys revoke': ['laptop'],
  models: [],
  'models rules': [],
  'models set': ['tiny', '--num-ctx', '4096'],
  'models unset': ['tiny'],
  'models alias': ['fast', 'tiny'],
  'models unalias': ['fast'],
  'upstreams list': [],
  'upstreams show': ['ups_1'],
  'upstreams add': ['attic', 'http://127.0.0.1:1'],
  'upstreams change': ['ups_1', '--label', 'attic'],
  'upstreams remove': ['ups_1'],
  'upstreams discover': ['ups_1'],
  'tunnels list': [],
  'tunnels show': ['attic'],
  'tunnels create': ['attic'],
  'tunnels rename': ['attic', 'cellar'],
  'tunnels rotate': ['attic'],
  'tunnels revoke': ['attic'],
  'tunnels approve': ['9KV-DU6', '--yes'],
  'tunnels deny': ['9KV-DU6'],
  requests: [],
  'requests --follow': [],
  'requests export': [],
  sessions: [],
  'sessions show': ['run_1'],
  'sessions compare': ['run_1', 'run_2'],
  usage: [],
  'usage --csv': [],
  'audit list': [],
  'audit export': [],
  'audit export --requests': [],
  'audit verify': [],
  'orgs list': [],
  'orgs create': ['lab'],
  'orgs use': ['lab'],
  'orgs remove': ['lab'],
  'people setup': [],
  'people list': [],
  'people invite': [],
  'people reset': ['eve@example.org'],
  'people admin': ['eve@example.org'],
  'people remove': ['eve@example.org'],
  status: [],
}

/** Those that ask for an address themselves. */
export const ADDRESSED: Readonly<Record<string, readonly string[]>> = { login: [], pair: [], 'pair --token-stdin': [] }

/** Those that work here alone, wait for their gateway, or forget it all the same. */
export const OTHERS = [
  'serve',
  'connect',
  'disconnect',
  'doctor',
  'forward',
  'logout',
  'key print',
  'run',
  'setup',
  'sessions import',
  'sessions rules',
  'compat check',
  'compat pin',
  'compat rollback',
  'config check',
  'config show',
  'version',
]

/** The names of the commands that have none below them, as they are typed. */
export function leavesOf(command: Command, path = ''): string[] {
  return command.commands.flatMap((sub) => {
    const name = `${path}${sub.name()}`
    return sub.commands.length === 0 ? [name] : leavesOf(sub, `${name} `)
  })
}

/** The words of a command line: the arguments stand before the flags. */
export function wordsOf(name: string, given: readonly string[]): string[] {
  const words = name.split(' ')
  const isFlag = (word: string) => word.startsWith('--')
  return [...words.filter((word) => !isFlag(word)), ...given, ...words.filter(isFlag)]
}
