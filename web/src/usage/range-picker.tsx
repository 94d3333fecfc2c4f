import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { Choice } from '../parts/choice.tsx'
import { type DayRange, daysBetween, SPANS, type Span } from './time-range.ts'

const OFFERS = [
  ...SPANS.map((span) => ({ value: span, label: span.replace(/(\d+)(\w)/, '$1 $2') })),
  { value: 'days' as const, label: 'Days …' },
]

interface RangePickerProps {
  /** Undefined: between two days. */
  readonly span: Span | undefined
  readonly days: DayRange
  readonly onSpan: (span: Span) => void
  readonly onDays: (days: DayRange) => void
}

/** A span that ends now, or all from one day to another. */
export function RangePicker({ span, days, onSpan, onDays }: RangePickerProps) {
  // What is typed may be no range yet.
  const [typed, setTyped] = useState<DayRange>()
  const shown = typed ?? days
  const change = (next: DayRange) => {
    const isRange = daysBetween(next.from, next.to) !== undefined
    setTyped(isRange ? undefined : next)
    if (isRange) onDays(next)
  }
  return (
    <div className="range-picker">
      <Choice
        label="Time"
        offers={OFFERS}
        value={span ?? 'days'}
        onChange={(value) => (value === 'days' ? onDays(days) : onSpan(value))}
      />
      {span === undefined && (
        <>
          <DayInput label="From" value={shown.from} onChange={(from) => change({ ...shown, from })} />
          <DayInput label="To" value={shown.to} onChange={(to) => change({ ...shown, to })} />
          {typed !== undefined && (
            <p role="status" className="range-fault">
              The first day comes after the last.
            </p>
          )}
        </>
      )}
    </div>
  )
}

interface DayInputProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
}

function DayInput({ label, value, onChange }: DayInputProps) {
  return (
    <TextInput
      type="date"
      aria-label={label}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  )
}
