import type { Command } from 'commander'

/** What is known of a command before its file is loaded: enough for the list of all commands. */
export interface CommandEntry {
  /** Its name and arguments as Commander reads them: `pair <gateway>`. */
  readonly synopsis: string
  readonly description: string
  /** It does something itself and takes flags; else it only holds commands. */
  readonly takesOptions: boolean
  /** Loads its file, and gives what adds its flags, commands and action. */
  readonly load: () => Promise<(command: Command) => void>
}

/** Every command, in the order of the help. None is loaded before it is asked for. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    synopsis: 'serve',
    description: 'Run the gateway in front of your model servers.',
    takesOptions: true,
    load: async () => (await import('./commands/serve.ts')).defineServe,
  },
  {
    synopsis: 'pair <gateway>',
    description: 'Pair this machine with a gateway elsewhere, to serve its models there by `connect`.',
    takesOptions: true,
    load: async () => (await import('./commands/pair.ts')).definePair,
  },
  {
    synopsis: 'connect',
    description: 'Serve the models of this machine through the gateway it is paired with.',
    takesOptions: true,
    load: async () => (await import('./commands/connect.ts')).defineConnect,
  },
  {
    synopsis: 'disconnect',
    description: 'Stop the agent and remove its credentials from this machine. At the gateway the tunnel stays.',
    takesOptions: true,
    load: async () => (await import('./commands/disconnect.ts')).defineDisconnect,
  },
  {
    synopsis: 'keys',
    description: 'Make, change and end keys.',
    takesOptions: false,
    load: async () => (await import('./commands/keys.ts')).defineKeys,
  },
  {
    synopsis: 'models',
    description: 'Show the models of all upstreams, and say what holds for them.',
    takesOptions: true,
    load: async () => (await import('./commands/models.ts')).defineModels,
  },
  {
    synopsis: 'upstreams',
    description: 'Say which model servers the gateway reaches by itself.',
    takesOptions: false,
    load: async () => (await import('./commands/upstreams.ts')).defineUpstreams,
  },
  {
    synopsis: 'tunnels',
    description: 'Let model servers elsewhere be reached, and end that.',
    takesOptions: false,
    load: async () => (await import('./commands/tunnels.ts')).defineTunnels,
  },
  {
    synopsis: 'requests',
    description: 'Show the last requests, newest last.',
    takesOptions: true,
    load: async () => (await import('./commands/requests.ts')).defineRequests,
  },
  {
    synopsis: 'usage',
    description: 'Sum requests, tokens, time and cost.',
    takesOptions: true,
    load: async () => (await import('./commands/usage.ts')).defineUsage,
  },
  {
    synopsis: 'sessions',
    description: 'Count what tools did, by session, and compare.',
    takesOptions: true,
    load: async () => (await import('./commands/sessions.ts')).defineSessions,
  },
  {
    synopsis: 'audit',
    description: 'Show who changed what, and check that nobody changed the record.',
    takesOptions: false,
    load: async () => (await import('./commands/audit.ts')).defineAudit,
  },
  {
    synopsis: 'orgs',
    description: 'Make, choose and end orgs.',
    takesOptions: false,
    load: async () => (await import('./commands/orgs.ts')).defineOrgs,
  },
  {
    synopsis: 'people',
    description: 'Invite people, and help those who are locked out.',
    takesOptions: false,
    load: async () => (await import('./commands/people.ts')).definePeople,
  },
  {
    synopsis: 'login [gateway]',
    description: 'Sign in at a gateway, so that the commands and tools of this machine work on it (default: its own).',
    takesOptions: true,
    load: async () => (await import('./commands/login.ts')).defineLogin,
  },
  {
    synopsis: 'logout [gateway]',
    description: 'End the sign-in at a gateway elsewhere (default: the last one).',
    takesOptions: true,
    load: async () => (await import('./commands/logout.ts')).defineLogout,
  },
  {
    synopsis: 'run <tool> [args...]',
    description: "Start a coding tool, or any command, on the gateway's models. What is behind `--` is the tool's.",
    takesOptions: true,
    load: async () => (await import('./commands/run.ts')).defineRun,
  },
  {
    synopsis: 'setup [tool]',
    description: "Write a tool's own configuration for the gateway's models, and take it back.",
    takesOptions: true,
    load: async () => (await import('./commands/setup.ts')).defineSetup,
  },
  {
    synopsis: 'forward',
    description:
      'Let tools of this machine that cannot send a key use a gateway, at the address they look for Ollama at.',
    takesOptions: true,
    load: async () => (await import('./commands/forward.ts')).defineForward,
  },
  {
    synopsis: 'key',
    description: "Give a profile's key to tools that ask a command for it.",
    takesOptions: false,
    load: async () => (await import('./commands/key.ts')).defineKey,
  },
  {
    synopsis: 'compat',
    description: 'Say which versions of tools and servers work together, and go back to one that did.',
    takesOptions: false,
    load: async () => (await import('./commands/compat.ts')).defineCompat,
  },
  {
    synopsis: 'status',
    description:
      'Show whether gateway and agents run here, where they listen or connect to, and how their upstreams are.',
    takesOptions: true,
    load: async () => (await import('./commands/status.ts')).defineStatus,
  },
  {
    synopsis: 'doctor',
    description: 'Walk the way from a tool to a model, and say where it is broken and what to do.',
    takesOptions: true,
    load: async () => (await import('./commands/doctor.ts')).defineDoctor,
  },
  {
    synopsis: 'config',
    description: 'Look at the configuration.',
    takesOptions: false,
    load: async () => (await import('./commands/config.ts')).defineConfig,
  },
  {
    synopsis: 'version',
    description: 'Show the version of Punku and of Node.',
    takesOptions: true,
    load: async () => (await import('./commands/version.ts')).defineVersion,
  },
]
