import { TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useId, useRef, useState } from 'react'

const PAUSE_MS = 400

/** A text field that tells its text once typing pauses, so that what hangs on it is not asked for at each letter. */
export function LateInput(props: {
  readonly label: string
  readonly value: string
  readonly onChange: (text: string) => void
  readonly placeholder?: string
  /** To choose from; any other text may be typed too. */
  readonly offers?: readonly string[]
}) {
  const { label, value, onChange, placeholder, offers = [] } = props
  const [text, setText] = useState(value)
  const told = useRef(value)
  const listId = useId()
  const tell = useDebouncedCallback((next: string) => {
    told.current = next
    onChange(next)
  }, PAUSE_MS)
  useEffect(() => {
    // What was typed and told comes back as the value; by then there may be more letters.
    if (value === told.current) return
    told.current = value
    setText(value)
  }, [value])
  return (
    <>
      <TextInput
        label={label}
        value={text}
        list={listId}
        autoComplete="off"
        spellCheck={false}
        {...(placeholder === undefined ? {} : { placeholder })}
        onChange={({ currentTarget }) => {
          setText(currentTarget.value)
          tell(currentTarget.value.trim())
        }}
      />
      <datalist id={listId}>
        {offers.map((offer) => (
          <option key={offer} value={offer} />
        ))}
      </datalist>
    </>
  )
}
