import { IconX } from '@tabler/icons-react'
import { useKeyName } from '../keys/key-queries.ts'
import { usePersonName } from '../people/people-queries.ts'
import { useUpstreamLabel } from '../requests/names.ts'
import { GROUPING_WORDS, NARROWERS, type Narrower, type UsageView } from './usage-filter.ts'

interface NarrowedProps {
  readonly narrowed: UsageView['narrowed']
  readonly onRemove: (name: Narrower) => void
}

/** What the numbers are narrowed to, each to be taken away. */
export function Narrowed({ narrowed, onRemove }: NarrowedProps) {
  const keyName = useKeyName(narrowed.key)
  const personName = usePersonName(narrowed.person)
  const labelOf = useUpstreamLabel()
  const nameOf = (name: Narrower, value: string): string => {
    if (name === 'key') return keyName ?? value
    if (name === 'person') return personName ?? value
    if (name === 'upstream') return labelOf(value) ?? value
    return value
  }
  const given = NARROWERS.flatMap((name) => {
    const value = narrowed[name]
    return value === undefined ? [] : [{ name, text: `${GROUPING_WORDS[name]}: ${nameOf(name, value)}` }]
  })
  if (given.length === 0) return null
  return (
    <ul className="narrowed" aria-label="Only of">
      {given.map(({ name, text }) => (
        <li key={name}>
          <button type="button" onClick={() => onRemove(name)}>
            <span>{text}</span>
            <IconX size={14} aria-hidden />
            <span className="only-read">, take away</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
