import { useId } from 'react'
import type { Tone } from './chart.ts'
import { Pattern } from './pattern.tsx'

/** The mark that a series has in legends and tooltips. */
export function Swatch({ tone }: { readonly tone: Tone }) {
  const id = useId()
  return (
    <svg className="chart-swatch" width="12" height="12" aria-hidden="true">
      <defs>
        <Pattern id={id} tone={tone} />
      </defs>
      <rect width="12" height="12" rx="3" fill={`url(#${id})`} />
    </svg>
  )
}
