import { Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'

/** A number with its name. @param value undefined: it is being read */
export function Stat(props: {
  readonly name: string
  readonly value: ReactNode | undefined
  /** What else is to be said of it. */
  readonly note?: ReactNode
  /** Its course, drawn small. */
  readonly children?: ReactNode
}) {
  const { name, value, note, children } = props
  return (
    <div className="stat">
      <dt>{name}</dt>
      <dd>
        {value === undefined ? (
          <Skeleton height={26} my={4} width="60%" />
        ) : (
          <span className="stat-value">{value}</span>
        )}
      </dd>
      {note !== undefined && <dd className="stat-note">{note}</dd>}
      {children !== undefined && <dd>{children}</dd>}
    </div>
  )
}
