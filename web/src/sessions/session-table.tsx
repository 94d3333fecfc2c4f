import { Checkbox } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { ToolSessionBody } from '../../../src/contract/tool-sessions.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { formatExact, UNKNOWN } from '../parts/format.ts'
import { measureColumns } from './session-columns.tsx'

interface SessionTableProps {
  /** Undefined: they are being read. */
  readonly rows: readonly ToolSessionBody[] | undefined
  readonly currency: string
  /** The ids of those that are compared. */
  readonly chosen: readonly string[]
  readonly onChoose: (id: string, isChosen: boolean) => void
}

/** Sessions, each leading to its own page, and to be chosen for a comparison. */
export function SessionTable({ rows, currency, chosen, onChoose }: SessionTableProps) {
  const columns = useMemo(
    (): readonly Column<ToolSessionBody>[] => [
      {
        name: 'Session',
        isHeading: true,
        cell: ({ id, label, endedAt }) => (
          <span className="session-name" title={`Last request: ${formatExact(endedAt)}`}>
            <Link to="/ui/sessions/$session" params={{ session: id }} className="quiet-link">
              {id}
            </Link>
            {label !== null && <small>{label}</small>}
          </span>
        ),
      },
      {
        name: 'Tool',
        cell: ({ clients, models }) => (
          <span className="session-name">
            {clients.join(', ') || UNKNOWN}
            <small>{models.join(', ')}</small>
          </span>
        ),
      },
      ...measureColumns(currency),
      {
        name: 'Compare',
        cell: ({ id }) => (
          <Checkbox
            aria-label={`Compare ${id}`}
            checked={chosen.includes(id)}
            onChange={({ currentTarget }) => onChoose(id, currentTarget.checked)}
          />
        ),
      },
    ],
    [currency, chosen, onChoose],
  )
  return <DataTable label="Sessions" columns={columns} rows={rows} rowKey={({ id }) => id} />
}
