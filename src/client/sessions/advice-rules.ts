import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ConfigError } from '../../config/config-error.ts'
import type { RunMeasures, RunSummary } from './run-summary.ts'
import { TOOL_FAMILIES } from './tool-families.ts'

const bounds = z
  .strictObject({
    over: z.number().optional(),
    atLeast: z.number().optional(),
    under: z.number().optional(),
    atMost: z.number().optional(),
  })
  .refine((given) => Object.keys(given).length > 0, 'must have a bound')

const when = z.strictObject({
  /** A label of the run. */
  label: z.string().optional(),
  /** A session has so many on average. */
  subagents: bounds.optional(),
  turns: bounds.optional(),
  errors: bounds.optional(),
  toolCalls: bounds.optional(),
  promptTokens: bounds.optional(),
  completionTokens: bounds.optional(),
  /** Of all that the run did. */
  shallowPerDeep: bounds.optional(),
  cacheHitPercent: bounds.optional(),
  tokensPerSecond: bounds.optional(),
})

const toolNames = z.array(z.string().min(1).max(128)).max(1_000)
const schema = z.strictObject({
  tools: z.strictObject({ subagents: toolNames, shallow: toolNames, deep: toolNames }),
  rules: z
    .array(z.strictObject({ name: z.string().min(1).max(100), when, says: z.string().min(1).max(500) }))
    .min(1)
    .max(100),
})

/** What is advised, and by which names tools are told apart. Of the rules the first holds whose conditions all do. */
export type AdviceRules = z.output<typeof schema>
type Conditions = z.output<typeof when>
type Bounds = z.output<typeof bounds>

const CLOUD = 'A hosted model is likely to do this better.'
const TRY_BOTH = 'Try both, and compare them.'

/** The rules where no others are given. They are rough: what they know of a run is what it called and what it used. */
export const ADVICE_RULES: AdviceRules = {
  tools: {
    subagents: [...TOOL_FAMILIES.subagents],
    shallow: [...TOOL_FAMILIES.shallow],
    deep: [...TOOL_FAMILIES.deep],
  },
  rules: [
    { name: 'it plans', when: { label: 'plan' }, says: `Plans need a wide view. ${CLOUD}` },
    { name: 'many subagents', when: { subagents: { over: 50 } }, says: `It works in many agents at once. ${CLOUD}` },
    {
      name: 'much from the cache',
      when: { cacheHitPercent: { over: 60 } },
      says: `Most of its prompts come from the cache, which makes a hosted model cheap and quick. ${CLOUD}`,
    },
    {
      name: 'it mostly looks',
      when: { cacheHitPercent: { under: 30 }, subagents: { under: 10 }, shallowPerDeep: { over: 5 } },
      says: 'It reads much, changes little, and the cache helps it little. A model of your own fits.',
    },
    {
      name: 'in between',
      when: { cacheHitPercent: { atLeast: 30, atMost: 60 }, subagents: { under: 20 } },
      says: `Neither is plainly better. ${TRY_BOTH}`,
    },
    { name: 'no other rule holds', when: {}, says: `Nothing speaks clearly for either. ${TRY_BOTH}` },
  ],
}

/** What is advised for a run, and by which rule. */
export interface Advice {
  readonly rule: string
  readonly says: string
}

/** Reads rules of a file. @throws ConfigError when it cannot be read, is no JSON, or has what rules have not */
export function readAdviceRules(file: string): AdviceRules {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError([`${file} cannot be read as JSON: ${(error as Error).message}`], { cause: error })
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new ConfigError(
    result.error.issues.slice(0, 5).map(({ path, message }) => `${file}: ${path.join('.') || 'the file'}: ${message}`),
  )
}

/** The advice of the first rule that holds; `undefined`: none does. */
export function adviceOnRun(run: RunSummary, measures: RunMeasures, { rules }: AdviceRules): Advice | undefined {
  const rule = rules.find(({ when }) => holds(when, run, measures))
  return rule === undefined ? undefined : { rule: rule.name, says: rule.says }
}

function holds({ label, ...given }: Conditions, run: RunSummary, measures: RunMeasures): boolean {
  if (label !== undefined && !run.labels.includes(label)) return false
  const { sessions, cacheHitRate, shallowPerDeep, tokensPerSecond } = measures
  const values: { readonly [Name in keyof typeof given]-?: number | null } = {
    subagents: measures.subagents / sessions,
    turns: measures.turns / sessions,
    errors: measures.errors / sessions,
    toolCalls: measures.toolCalls / sessions,
    promptTokens: measures.promptTokens / sessions,
    completionTokens: measures.completionTokens / sessions,
    shallowPerDeep,
    cacheHitPercent: cacheHitRate === null ? null : cacheHitRate * 100,
    tokensPerSecond,
  }
  return (Object.keys(values) as (keyof typeof values)[]).every((name) => isWithin(values[name], given[name]))
}

/** What is not known is within no bounds. */
function isWithin(value: number | null, within: Bounds | undefined): boolean {
  if (within === undefined) return true
  if (value === null) return false
  const { over = -Infinity, atLeast = -Infinity, under = Infinity, atMost = Infinity } = within
  const isOver = within.over === undefined || value > over
  const isUnder = within.under === undefined || value < under
  return isOver && isUnder && value >= atLeast && value <= atMost
}
