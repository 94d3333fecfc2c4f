import { Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'

/** A column: its name heads it, and stands before the value where rows are cards. */
export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => ReactNode
  /** Numbers stand on the right. Default: text. */
  readonly isNumber?: boolean
  /** The name of the row: its heading. One column at most, the first. */
  readonly isHeading?: boolean
  /** Buttons: a column without a visible name, at the end. */
  readonly isActions?: boolean
  /** Left out where rows are cards. */
  readonly isWideOnly?: boolean
}

const WAITING_ROWS = ['a', 'b', 'c']

/** A table that becomes a list of cards on a phone. @param rows undefined: they are being read */
export function DataTable<Row>(props: {
  /** What the table holds, for who cannot see it. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[] | undefined
  readonly rowKey: (row: Row) => string
  /** Stands instead of the table when there are no rows. */
  readonly empty?: ReactNode
  /** Marks the rows that no longer count, as revoked ones. */
  readonly isFaded?: (row: Row) => boolean
}) {
  const { label, columns, rows, rowKey, empty, isFaded } = props
  if (rows?.length === 0 && empty !== undefined) return empty
  return (
    <div className="data-table" aria-busy={rows === undefined}>
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" {...marks(column)}>
                <span className={column.isActions === true ? 'only-read' : ''}>{column.name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows === undefined
            ? WAITING_ROWS.map((key) => (
                <tr key={key}>
                  {columns.map((column) => (
                    <td key={column.name} {...marks(column)}>
                      <Skeleton height={16} my={3} />
                    </td>
                  ))}
                </tr>
              ))
            : rows.map((row) => (
                <tr key={rowKey(row)} {...(isFaded?.(row) === true ? { 'data-faded': true } : {})}>
                  {columns.map((column) => {
                    const Cell = column.isHeading === true ? 'th' : 'td'
                    return (
                      <Cell
                        key={column.name}
                        {...(column.isHeading === true ? { scope: 'row' } : {})}
                        data-name={column.name}
                        {...marks(column)}
                      >
                        {column.cell(row)}
                      </Cell>
                    )
                  })}
                </tr>
              ))}
        </tbody>
      </table>
    </div>
  )
}

function marks<Row>({ isNumber, isHeading, isActions, isWideOnly }: Column<Row>): Record<string, boolean | undefined> {
  return {
    'data-number': isNumber,
    'data-heading': isHeading,
    'data-actions': isActions,
    'data-wide-only': isWideOnly,
  }
}
