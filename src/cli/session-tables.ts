import type { ComparedMeasure, ComparedRun } from '../client/sessions/comparison.ts'
import type { ShownToolSessionBody, ToolSessionBody, ToolSessionPartBody } from '../contract/tool-sessions.ts'
import { renderCsv } from '../core/csv.ts'
import { formatDuration } from '../core/units.ts'
import {
  type Column,
  localTime,
  print,
  printFile,
  printJson,
  printTableLines,
  renderFacts,
  renderTable,
  visible,
} from './output.ts'

const BAR_WIDTH = 40
/** What is drawn, where it is known. */
const DRAWN: ReadonlySet<string> = new Set(['toolCalls', 'promptTokens', 'completionTokens', 'wallMs', 'cost'])

type Measured = Pick<ToolSessionPartBody, keyof ToolSessionBody & keyof ToolSessionPartBody>

/** The columns of a list of sessions. */
export function sessionColumns(currency: string): {
  readonly titles: readonly Column[]
  readonly cellsOf: (session: ToolSessionBody) => readonly string[]
} {
  const titles = ['SESSION', 'LABEL', 'TOOL', 'MODELS', 'LAST'].map((title) => ({ title }))
  return {
    titles: [...titles, ...measuredTitles(currency)],
    cellsOf: (session) => [
      session.id,
      session.label ?? '-',
      session.clients.join(' ') || '-',
      session.models.join(' ') || '-',
      localTime(session.endedAt),
      ...measuredCells(session),
    ],
  }
}

/** One session: what it called, what failed, and what each tool and model did. */
export function printSession(session: ShownToolSessionBody): void {
  const list = (counts: readonly (readonly [string, number])[]) =>
    counts.map(([name, count]) => `${name} ${count}`).join(', ') || '-'
  const facts = [
    ['Session', session.id],
    ['Label', session.label ?? '-'],
    ['From', localTime(session.firstAt)],
    ['To', localTime(session.endedAt)],
    // Others ask what models there are, or count tokens.
    ['Requests', `${session.requests}, of which turns: ${session.turns}`],
    ['Called', list(session.toolCalls.map(({ name, count }) => [name, count]))],
    ['Failed', list(session.errorCodes.map(({ code, count }) => [code, count]))],
  ] as const
  for (const line of renderFacts(facts)) print(line)
  print()
  const columns = [{ title: 'TOOL' }, { title: 'MODEL' }, ...measuredTitles(session.currency)]
  const rows = session.parts.map((part) => [
    part.clientName === null ? '-' : `${part.clientName} ${part.clientVersion ?? ''}`.trim(),
    part.model ?? '-',
    ...measuredCells(part),
  ])
  printTableLines(renderTable(columns, [...rows, ['all', '', ...measuredCells(session)]]))
}

function measuredTitles(currency: string): readonly Column[] {
  const titles = ['TURNS', 'ERRORS', 'CALLS', 'IN', 'OUT', 'CACHED', 'HIT', 'FIRST', 'TOKENS/S', 'WALL', currency]
  return titles.map((title) => ({ title, isNumber: true }))
}

function measuredCells(measured: Measured): readonly string[] {
  const { cacheHitRate, meanTtfbMs, tokensPerSecond } = measured
  // Sums in which there are estimates are marked.
  const about = measured.estimated > 0 ? '~' : ''
  return [
    String(measured.turns),
    String(measured.errors),
    String(measured.toolCalls.reduce((sum, { count }) => sum + count, 0)),
    `${about}${measured.promptTokens}`,
    `${about}${measured.completionTokens}`,
    String(measured.cachedTokens),
    cacheHitRate === null ? '-' : `${(cacheHitRate * 100).toFixed(0)}%`,
    meanTtfbMs === null ? '-' : formatDuration(meanTtfbMs),
    tokensPerSecond === null ? '-' : tokensPerSecond.toFixed(1),
    formatDuration(measured.wallMs),
    measured.cost.toFixed(2),
  ]
}

/** Runs side by side, as bars, and what is advised for each. */
export async function printComparison(
  compared: readonly ComparedRun[],
  { json, csv }: { readonly json?: true; readonly csv?: true },
): Promise<void> {
  const { comparedMeasures } = await import('../client/sessions/comparison.ts')
  const measures = comparedMeasures(compared)
  const names = compared.map(({ run }) => run.name)
  if (json) {
    printJson({ runs: compared.map(runJson), measures: measures.map(measureJson) })
    return
  }
  if (csv) {
    const rows = measures.map(({ name, values }) => [name, ...values.map(finite)])
    await printFile([Buffer.from(renderCsv([['measure', ...names], ...rows]))])
    return
  }
  const columns = names.flatMap((title, at) => [
    { title, isNumber: true },
    ...(at === 0 ? [] : [{ title: '', isNumber: true }]),
  ])
  const rows = measures.map(({ title, texts, differences }) => [
    title,
    ...texts.flatMap((text, at) => [text, ...(at === 0 ? [] : [percent(differences[at])])]),
  ])
  printTableLines(renderTable([{ title: '' }, ...columns], rows))
  for (const measure of measures) if (DRAWN.has(measure.name)) printBars(measure, names)
  print()
  for (const { run, advice } of compared) {
    if (advice !== undefined) print(visible(`${run.name}: ${advice.says} (rule: ${advice.rule})`))
  }
}

/** A bar for each run, the longest as long as there is room for. */
function printBars({ title, values, texts }: ComparedMeasure, names: readonly string[]): void {
  const most = Math.max(...values.map((value) => value ?? 0))
  if (most <= 0) return
  const width = Math.max(...names.map((name) => visible(name).length))
  print()
  print(title, 'dim')
  for (const [at, name] of names.entries()) {
    const bar = '█'.repeat(Math.round(((values[at] ?? 0) / most) * BAR_WIDTH))
    print([visible(name).padEnd(width), bar, visible(texts[at] ?? '')].filter((part) => part !== '').join(' '))
  }
}

function percent(difference: number | null | undefined): string {
  if (difference === null || difference === undefined) return ''
  return `${difference > 0 ? '+' : ''}${difference.toFixed(0)}%`
}

function runJson({ run, measures, advice }: ComparedRun): object {
  const { name, source, labels, clients, models, currency = null, toolCalls } = run
  const told = { ...measures, calls: toolCalls, shallowPerDeep: finite(measures.shallowPerDeep) }
  return { name, source, labels, clients, models, currency, ...told, advice: advice ?? null }
}

function measureJson({ name, values, differences }: ComparedMeasure): object {
  return { name, values: values.map(finite), differences }
}

/** JSON and CSV have no endless number. */
function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null
}
