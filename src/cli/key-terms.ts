import { type Command, Option } from 'commander'
import type { KeyBody, KeyTermsBody, NewKeyBody } from '../contract/keys.ts'
import { durationFlag, listFlag } from './parse.ts'

/** Where a flag stands: only a change can take something back. */
type Verb = 'create' | 'change'

/** A flag that both `keys create` and `keys change` take. */
interface KeyFlag {
  /** As commander reads it: `--models <glob...>`. */
  readonly flag: string
  /** What the flag does, for the help of each. */
  readonly create: string
  readonly change: string
  /** A change has `--no-…` too: what that does. */
  readonly no?: string
  /** What the API is asked for. Throws `UsageError`. */
  readonly ask: (given: never, verb: Verb) => unknown
  /** A line of `keys show`: its name and its value. Absent: shown elsewhere. */
  readonly fact?: readonly [name: string, value: (key: KeyBody) => string]
}

const yesOrNo = (isAllowed: boolean): string => (isAllowed ? 'yes' : 'no')

/** A row for each term of a key, and its end, in the order of the help. */
const KEY_FLAGS: { readonly [Name in keyof KeyTermsBody | 'expiresInMs']: KeyFlag } = {
  models: {
    flag: '--models <glob...>',
    create: 'models it may use, such as "llama3*" (default: all)',
    change: 'models it may use, in the place of those before',
    ask: listFlag,
    fact: ['models', ({ models }) => models.join(' ')],
  },
  routes: {
    flag: '--routes <class...>',
    create: 'all it may use of inference, metadata, manage (default: inference metadata)',
    change: 'all it may use of inference, metadata, manage, in the place of those before',
    ask: listFlag,
    fact: ['routes', ({ routes }) => routes.join(' ')],
  },
  expiresInMs: {
    flag: '--expires <time>',
    create: 'when it ends, such as 30d (default: never)',
    change: 'when it ends, such as 30d from now; never',
    ask: (given: string, verb) => (verb === 'change' && given === 'never' ? null : durationFlag('--expires', given)),
  },
  networks: {
    flag: '--networks <cidr...>',
    create: 'where it may be used from (default: everywhere)',
    change: 'where it may be used from; everywhere',
    ask(given: string[], verb) {
      const networks = listFlag(given)
      return verb === 'change' && networks?.join() === 'everywhere' ? [] : networks
    },
    fact: ['networks', ({ networks }) => (networks.length === 0 ? 'everywhere' : networks.join(' '))],
  },
  allowsCloud: {
    flag: '--cloud',
    create: "also models that run on somebody else's machine",
    change: "also models that run on somebody else's machine",
    no: 'no such models',
    ask: (given: boolean) => given,
    fact: ['cloud', ({ allowsCloud }) => yesOrNo(allowsCloud)],
  },
  allowsFetch: {
    flag: '--fetch',
    create: 'also pictures by URL and MCP servers, which the model server calls',
    change: 'also pictures by URL and MCP servers, which the model server calls',
    no: 'nothing that the model server calls',
    ask: (given: boolean) => given,
    fact: ['fetch', ({ allowsFetch }) => yesOrNo(allowsFetch)],
  },
  allowsMetrics: {
    flag: '--metrics',
    create: 'also /metrics',
    change: 'also /metrics',
    no: 'no /metrics',
    ask: (given: boolean) => given,
    fact: ['metrics', ({ allowsMetrics }) => yesOrNo(allowsMetrics)],
  },
}

/** What the flags ask for; `expiresInMs` is `null` for a change to never. */
export type AskedOfKey = Partial<Pick<NewKeyBody, keyof KeyTermsBody>> & { readonly expiresInMs?: number | null }

/** Gives a command the flags by which the terms of a key are said, and its end. */
export function addKeyFlags(command: Command, verb: Verb): Command {
  for (const row of Object.values(KEY_FLAGS)) {
    command.option(row.flag, row[verb])
    if (verb === 'change' && row.no !== undefined) command.option(row.flag.replace('--', '--no-'), row.no)
  }
  return command
}

/** What the flags of a command ask of the API; a field without its flag is not in it. Throws `UsageError`. */
export function askedOfKey(flags: Readonly<Record<string, unknown>>, verb: Verb): AskedOfKey {
  const asked: Record<string, unknown> = {}
  for (const [name, { flag, ask }] of Object.entries(KEY_FLAGS)) {
    const given = flags[new Option(flag).attributeName()]
    if (given !== undefined) asked[name] = ask(given as never, verb)
  }
  return asked
}

/** The terms of a key as named facts. */
export function keyFacts(key: KeyBody): (readonly [name: string, value: string])[] {
  return Object.values(KEY_FLAGS).flatMap(({ fact }) => (fact === undefined ? [] : [[fact[0], fact[1](key)] as const]))
}
