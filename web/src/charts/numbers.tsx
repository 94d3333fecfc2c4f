import type { ChartPoint, Format, Series } from './chart.ts'

interface NumbersProps {
  readonly title: string
  readonly points: readonly ChartPoint[]
  readonly series: readonly Series[]
  readonly format: Format
}

/** What a chart draws, as a table for those who hear it. */
export function Numbers({ title, points, series, format }: NumbersProps) {
  return (
    <table>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          {series.map(({ name }) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {points.map((point, index) => (
          <tr key={point.title}>
            <th scope="row">{point.title}</th>
            {series.map(({ name, values }) => (
              <td key={name}>{written(values[index], format)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** A value for people; a dash where nothing was measured. */
export function written(value: number | null | undefined, format: Format): string {
  return value === null || value === undefined ? '–' : format(value)
}

/** One point in words. */
export function said(
  points: readonly ChartPoint[],
  series: readonly Series[],
  at: number,
  format: Format,
): string | undefined {
  const point = points[at]
  if (point === undefined) return undefined
  return `${point.title}: ${series.map(({ name, values }) => `${name} ${written(values[at], format)}`).join(', ')}`
}
