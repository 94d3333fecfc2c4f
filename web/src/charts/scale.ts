const STEPS = [1, 2, 5, 10]

/**
 * Round numbers from 0 to `max` or the next above it, about `steps` of them: where an axis has its lines.
 *
 * @param isWhole no step is smaller than 1
 */
export function ticksUpTo(max: number, steps: number, isWhole: boolean): number[] {
  if (!(max > 0)) return [0, 1]
  const rough = max / steps
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const rounded = (STEPS.find((step) => step * magnitude >= rough) ?? 10) * magnitude
  const step = isWhole ? Math.max(1, rounded) : rounded
  const count = Math.ceil(max / step - 1e-9)
  // Multiplied, not added up: 0.1 three times would be 0.30000000000000004.
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

/** The sum of all series at each point; what was not measured counts as 0. */
export function totals(series: readonly { readonly values: readonly (number | null)[] }[], points: number): number[] {
  return Array.from({ length: points }, (_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0))
}

/** Every how many points a label fits on an axis of this width. */
export function labelEvery(points: number, widthPx: number, labelPx: number): number {
  const fits = Math.max(1, Math.floor(widthPx / labelPx))
  return Math.max(1, Math.ceil(points / fits))
}
