import { numberFlag } from './parse.ts'

const MAX_CONTEXT_TOKENS = 100_000_000

/** The value of `--context`; `undefined`: it is not given. @throws UsageError for what is no number of tokens */
export function contextFlag(context: string | undefined): number | undefined {
  return context === undefined ? undefined : numberFlag('--context', context, 1, MAX_CONTEXT_TOKENS)
}

/** Who says how many tokens a model takes, for people. */
export const CONTEXT_WORDS: Readonly<Record<'asked' | 'gateway' | 'default', string>> = {
  asked: 'as you say',
  gateway: 'as the gateway knows the model',
  default: 'a guess: the gateway does not know; --context says it',
}
