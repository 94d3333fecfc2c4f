import './charts.css'
import type { ReactNode } from 'react'
import type { Format } from './chart.ts'

export interface RankingRow {
  readonly id: string
  readonly name: ReactNode
  readonly value: number
  /** What is also to be said of it, after the value. */
  readonly note?: ReactNode
}

interface RankingProps {
  /** What is ranked by what; read out. */
  readonly title: string
  /** Highest first. */
  readonly rows: readonly RankingRow[]
  readonly format: Format
}

/** Who or what has how much: a bar under each name, as long as its value, with the value in words. */
export function Ranking({ title, rows, format }: RankingProps) {
  const max = rows.reduce((highest, { value }) => Math.max(highest, value), 0)
  return (
    <ol className="ranking" aria-label={title}>
      {rows.map(({ id, name, value, note }) => (
        <li key={id}>
          <span className="ranking-name">{name}</span>
          <span className="ranking-value">
            {format(value)}
            {note !== undefined && <small>{note}</small>}
          </span>
          <span className="ranking-track" aria-hidden="true">
            <span style={{ width: max === 0 ? 0 : `${(value / max) * 100}%` }} />
          </span>
        </li>
      ))}
    </ol>
  )
}
