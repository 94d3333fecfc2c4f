import type { ReactNode } from 'react'
import type { Column } from '../parts/data-table.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { formatCost, formatMs, formatNumber } from '../parts/format.ts'
import { formatShare } from './share.ts'
import { errorRateOf, type Sums } from './sums.ts'

/** A row of the table: a group, or a step in time. */
export interface UsageRow extends Sums {
  readonly id: string
  readonly title: ReactNode
}

interface UsageTableProps {
  /** What the rows are. */
  readonly heading: string
  /** Undefined: they are being read. */
  readonly rows: readonly UsageRow[] | undefined
  /** Undefined: no prices are set, and there is no column for them. */
  readonly currency: string | undefined
}

/** All numbers of some usage. */
export function UsageTable({ heading, rows, currency }: UsageTableProps) {
  const columns: Column<UsageRow>[] = [
    { name: heading, isHeading: true, cell: ({ title }) => title },
    number('Requests', ({ requests }) => formatNumber(requests)),
    number('Errors', (row) => errorText(row)),
    number('Prompt tokens', ({ promptTokens }) => formatNumber(promptTokens)),
    { ...number('Cached', ({ cachedTokens }) => formatNumber(cachedTokens)), isWideOnly: true },
    number('Answer tokens', ({ completionTokens }) => formatNumber(completionTokens)),
    number('First byte', ({ meanTtfbMs }) => formatMs(meanTtfbMs)),
    number('Model time', ({ busyMs }) => formatMs(busyMs)),
    ...(currency === undefined ? [] : [number('Cost', ({ cost }) => formatCost(cost, currency))]),
  ]
  return <DataTable label="Usage in numbers" columns={columns} rows={rows} rowKey={({ id }) => id} />
}

function number(name: string, cell: (row: UsageRow) => ReactNode): Column<UsageRow> {
  return { name, isNumber: true, cell }
}

function errorText(row: UsageRow): string {
  const rate = errorRateOf(row)
  if (row.errors === 0 || rate === null) return '0'
  return `${formatNumber(row.errors)} (${formatShare(rate)})`
}
