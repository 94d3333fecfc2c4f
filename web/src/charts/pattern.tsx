import type { Tone } from './chart.ts'

/** What marks of a tone are filled with, by `url(#id)`: plain, hatched, dotted, lined or crossed, told apart without colour. */
export function Pattern({ id, tone }: { readonly id: string; readonly tone: Tone }) {
  return (
    <pattern id={id} data-tone={tone} width="6" height="6" patternUnits="userSpaceOnUse">
      <rect width="6" height="6" className="chart-fill" />
      {tone === 'two' && <path className="chart-grain" d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2" />}
      {tone === 'three' && <circle className="chart-dot" cx="3" cy="3" r="1.1" />}
      {tone === 'four' && <path className="chart-grain" d="M0,3 h6" />}
      {tone === 'bad' && <path className="chart-grain" d="M0,0 l6,6 M0,6 l6,-6" />}
    </pattern>
  )
}
