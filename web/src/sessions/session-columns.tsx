import type { ToolSessionBody, ToolSessionPartBody } from '../../../src/contract/tool-sessions.ts'
import type { Column } from '../parts/data-table.tsx'
import { formatCost, formatMs, formatNumber, formatShort, UNKNOWN } from '../parts/format.ts'

type Measured = Pick<ToolSessionPartBody, keyof ToolSessionBody & keyof ToolSessionPartBody>

/** The share of prompts that came from the cache, as `42%`. */
export function formatRate(rate: number | null): string {
  return rate === null ? UNKNOWN : `${Math.round(rate * 100)}%`
}

/** As `Read 12, Bash 3`, the most called first. */
export function formatCalls(calls: Measured['toolCalls']): string {
  return calls.map(({ name, count }) => `${name} ${formatNumber(count)}`).join(', ')
}

/** What sessions, and parts of them, come to. */
export function measureColumns(currency: string): readonly Column<Measured>[] {
  return [
    {
      name: 'Turns',
      isNumber: true,
      cell: ({ turns, errors }) => (
        <>
          {formatNumber(turns)}
          {errors > 0 && <small className="session-note">{formatNumber(errors)} failed</small>}
        </>
      ),
    },
    {
      name: 'Tool calls',
      isNumber: true,
      cell: ({ toolCalls }) => (
        <span title={formatCalls(toolCalls)}>{formatNumber(toolCalls.reduce((sum, { count }) => sum + count, 0))}</span>
      ),
    },
    {
      name: 'Tokens',
      isNumber: true,
      cell: ({ promptTokens, completionTokens, estimated }) => (
        <span title={estimated > 0 ? 'Some are estimated: the model server told no numbers' : 'Prompts → answers'}>
          {estimated > 0 && '≈ '}
          {formatShort(promptTokens)} → {formatShort(completionTokens)}
        </span>
      ),
    },
    { name: 'Cached', isNumber: true, cell: ({ cacheHitRate }) => formatRate(cacheHitRate) },
    {
      name: 'First token',
      isNumber: true,
      cell: ({ meanTtfbMs, tokensPerSecond }) => (
        <>
          {formatMs(meanTtfbMs)}
          {tokensPerSecond !== null && <small className="session-note">{formatShort(tokensPerSecond)} tokens/s</small>}
        </>
      ),
    },
    { name: 'Wall time', isNumber: true, cell: ({ wallMs }) => formatMs(wallMs) },
    { name: 'Cost', isNumber: true, cell: ({ cost }) => formatCost(cost, currency) },
  ]
}
