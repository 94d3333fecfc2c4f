/** What a series is drawn with: each tone has a colour and, in bars, a pattern of its own, so that neither stands alone. */
export type Tone = 'one' | 'two' | 'three' | 'four' | 'bad'

/** One measured thing over all points of a chart. */
export interface Series {
  readonly name: string
  readonly tone: Tone
  /** One per point; null: nothing was measured there. */
  readonly values: readonly (number | null)[]
}

/** Where on the time axis a value stands. */
export interface ChartPoint {
  /** Short, for the axis. */
  readonly label: string
  /** In full, for the tooltip and the table. */
  readonly title: string
}

/** How a number is written for people. */
export type Format = (value: number) => string

/** The rectangle inside a chart that the values are drawn in, in pixels. */
export interface Plot {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** The width of one point's band. */
  readonly band: number
}
