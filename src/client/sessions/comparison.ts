import { formatDuration } from '../../core/units.ts'
import { type Advice, type AdviceRules, adviceOnRun } from './advice-rules.ts'
import { measuresOfRun, type RunMeasures, type RunSummary } from './run-summary.ts'

type MeasureName = Exclude<keyof RunMeasures, 'estimated'>

/** A run beside others. */
export interface ComparedRun {
  readonly run: RunSummary
  readonly measures: RunMeasures
  readonly advice: Advice | undefined
}

/** One measure over all runs. */
export interface ComparedMeasure {
  /** As JSON and CSV name it. */
  readonly name: string
  readonly title: string
  /** Null: it is not known. */
  readonly values: readonly (number | null)[]
  /** As people read them. */
  readonly texts: readonly string[]
  /** How much more each is than the first, in percent; null where that says nothing. */
  readonly differences: readonly (number | null)[]
}

/** The most tools that are compared by name. */
const MAX_NAMED_TOOLS = 12

const whole = (value: number) => Math.round(value).toLocaleString('en-US')
const tenth = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : 'only looks')

const MEASURES: readonly { name: MeasureName; title: string; text: (value: number) => string }[] = [
  { name: 'sessions', title: 'Sessions', text: whole },
  { name: 'turns', title: 'Turns', text: whole },
  { name: 'errors', title: 'Errors', text: whole },
  { name: 'toolCalls', title: 'Tool calls', text: whole },
  { name: 'subagents', title: 'Subagents', text: whole },
  { name: 'shallow', title: 'Looks', text: whole },
  { name: 'deep', title: 'Changes', text: whole },
  { name: 'shallowPerDeep', title: 'Looks per change', text: tenth },
  { name: 'promptTokens', title: 'Tokens in', text: whole },
  { name: 'cachedTokens', title: 'Cached', text: whole },
  { name: 'completionTokens', title: 'Tokens out', text: whole },
  { name: 'cacheHitRate', title: 'Cache hit rate', text: (value) => `${tenth(value * 100)} %` },
  { name: 'meanTtfbMs', title: 'First token', text: formatDuration },
  { name: 'tokensPerSecond', title: 'Tokens a second', text: tenth },
  { name: 'wallMs', title: 'Wall time', text: formatDuration },
  { name: 'cost', title: 'Cost', text: (value) => value.toFixed(4) },
]

/** Runs, each with what it comes to and what is advised. */
export function compareRuns(runs: readonly RunSummary[], rules: AdviceRules): readonly ComparedRun[] {
  return runs.map((run) => {
    const measures = measuresOfRun(run, rules.tools)
    return { run, measures, advice: adviceOnRun(run, measures, rules) }
  })
}

/** The measures of runs, and the tools that they called most. */
export function comparedMeasures(compared: readonly ComparedRun[]): readonly ComparedMeasure[] {
  const told = MEASURES.map(({ name, title, text }) => {
    const values = compared.map(({ measures }) => measures[name])
    const texts = compared.map((one) => textOf(one, name, text))
    return { name, title, values, texts, differences: differencesOf(values) }
  })
  const tools = mostCalled(compared).map((tool) => {
    const values = compared.map(({ run }) => run.toolCalls.find(({ name }) => name === tool)?.count ?? 0)
    const differences = differencesOf(values)
    return { name: `toolCalls.${tool}`, title: `  ${tool}`, values, texts: values.map(whole), differences }
  })
  const behind = told.findIndex(({ name }) => name === 'toolCalls') + 1
  return [...told.slice(0, behind), ...tools, ...told.slice(behind)]
}

/** What is estimated is marked, and a cost has its currency. */
function textOf({ run, measures }: ComparedRun, name: MeasureName, text: (value: number) => string): string {
  const value = measures[name]
  if (value === null) return '-'
  if (name === 'cost') return `${text(value)} ${run.currency}`
  const isEstimated = measures.estimated > 0 && (name === 'promptTokens' || name === 'completionTokens')
  return `${isEstimated ? '~' : ''}${text(value)}`
}

function mostCalled(compared: readonly ComparedRun[]): readonly string[] {
  const sums = new Map<string, number>()
  for (const { run } of compared) {
    for (const { name, count } of run.toolCalls) sums.set(name, (sums.get(name) ?? 0) + count)
  }
  const sorted = [...sums].sort(([name, sum], [other, otherSum]) => otherSum - sum || (name < other ? -1 : 1))
  return sorted.slice(0, MAX_NAMED_TOOLS).map(([name]) => name)
}

function differencesOf(values: readonly (number | null)[]): readonly (number | null)[] {
  const [first] = values
  return values.map((value, at) => {
    if (at === 0 || value === null || first === null || first === undefined || first === 0) return null
    const difference = ((value - first) / first) * 100
    return Number.isFinite(difference) ? difference : null
  })
}
