import { type Command, Option } from 'commander'
import type { ModelDefaultsBody } from '../contract/model-rules.ts'
import { UsageError } from './exit.ts'
import { numberFlag } from './parse.ts'

/** A default that `models set` takes a flag for. */
interface DefaultFlag {
  /** As commander reads it: `--num-ctx <tokens>`. */
  readonly flag: string
  readonly description: string
  /** What the API is asked for. Throws `UsageError`. */
  readonly ask: (flag: string, text: string) => unknown
}

const decimal = (flag: string, text: string): number => {
  if (/^-?\d{1,15}(?:\.\d{1,15})?$/.test(text)) return Number(text)
  throw new UsageError(`${flag} takes a number, not '${text}'.`)
}

const count =
  (min: number, max: number) =>
  (flag: string, text: string): number =>
    numberFlag(flag, text, min, max)

/** @param alike other spellings, which are taken and not told */
const choice =
  (values: Readonly<Record<string, unknown>>, alike: Readonly<Record<string, unknown>> = {}) =>
  (flag: string, text: string): unknown => {
    if (Object.hasOwn(values, text)) return values[text]
    if (Object.hasOwn(alike, text)) return alike[text]
    throw new UsageError(`${flag} takes ${Object.keys(values).join(', ')}, not '${text}'.`)
  }

const EFFORTS = { on: true, off: false, low: 'low', medium: 'medium', high: 'high', max: 'max' }

/** A row for each default, in the order of the help. What is out of bounds is refused by the API. */
const DEFAULT_FLAGS: { readonly [Name in keyof ModelDefaultsBody]-?: DefaultFlag } = {
  num_ctx: {
    flag: '--num-ctx <count>',
    description: 'tokens of context that it is loaded with (Ollama)',
    ask: count(256, 100_000_000),
  },
  keep_alive: {
    flag: '--keep-alive <how-long>',
    description: 'how long it stays loaded after a request: 30m (ms, s, m, h), seconds, -1 for ever (Ollama)',
    ask: (_, text) => text,
  },
  think: {
    flag: '--think <effort>',
    description: 'whether it thinks, or how hard: on, off, low, medium, high, max',
    ask: choice(EFFORTS, { true: true, false: false }),
  },
  truncate: {
    flag: '--truncate <yes|no>',
    description: 'whether the oldest turns of a prompt that is too long are dropped (Ollama)',
    ask: choice({ yes: true, no: false }),
  },
  num_predict: {
    flag: '--num-predict <count>',
    description: 'the most tokens of an answer',
    ask: count(1, 100_000_000),
  },
  temperature: { flag: '--temperature <value>', description: 'how freely tokens are chosen', ask: decimal },
  top_p: { flag: '--top-p <share>', description: 'the share of likely tokens to choose from', ask: decimal },
  top_k: {
    flag: '--top-k <count>',
    description: 'the number of likely tokens to choose from',
    ask: count(0, 1_000_000),
  },
  min_p: { flag: '--min-p <share>', description: 'how likely a token is at least', ask: decimal },
  repeat_penalty: { flag: '--repeat-penalty <value>', description: 'what a repeated token loses', ask: decimal },
  presence_penalty: {
    flag: '--presence-penalty <value>',
    description: 'what a token that was there loses',
    ask: decimal,
  },
  frequency_penalty: { flag: '--frequency-penalty <value>', description: 'what it loses each time', ask: decimal },
  seed: { flag: '--seed <value>', description: 'the same seed gives the same answer, as far as it can', ask: decimal },
}

/** Gives a command a flag for each default of a model. */
export function addDefaultFlags(command: Command): Command {
  for (const { flag, description } of Object.values(DEFAULT_FLAGS)) command.option(flag, description)
  return command
}

/** The defaults that the flags of a command name. Throws `UsageError`. */
export function askedDefaults(flags: Readonly<Record<string, unknown>>): ModelDefaultsBody {
  const asked: Record<string, unknown> = {}
  for (const [name, { flag, ask }] of Object.entries(DEFAULT_FLAGS)) {
    const option = new Option(flag)
    const given = flags[option.attributeName()]
    if (typeof given === 'string') asked[name] = ask(option.long ?? flag, given)
  }
  return asked as ModelDefaultsBody
}

/**
 * What a rule is to say nothing of any more, by its names in the API: those that were typed, spelled as flags or as they
 * are. Throws `UsageError` for what no rule says.
 */
export function unsetNames(typed: readonly string[]): ReadonlySet<string> {
  return new Set(
    typed.map((text) => {
      const name = text.replace(/^--/, '').replaceAll('-', '_')
      if (name === 'translate' || Object.hasOwn(DEFAULT_FLAGS, name)) return name
      const names = ['translate', ...Object.keys(DEFAULT_FLAGS)].map((one) => one.replaceAll('_', '-'))
      throw new UsageError(`--unset takes ${names.join(', ')}, not '${text}'.`)
    }),
  )
}

/** Each default by its name and value. */
export function defaultsText(defaults: ModelDefaultsBody): readonly string[] {
  return Object.entries(defaults).map(([name, value]) => `${name} ${value}`)
}
