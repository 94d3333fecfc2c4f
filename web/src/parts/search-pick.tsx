import { TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useId, useState } from 'react'

const PAUSE_MS = 300

/** One of many, found by what is typed: the gateway is asked for those that fit. */
export function SearchPick(props: {
  readonly label: string
  /** The id of the one that is chosen; empty: any. */
  readonly value: string
  /** What that one is called. */
  readonly name: string
  /** Those that fit what was typed last. Their labels tell them apart. */
  readonly offers: readonly { readonly value: string; readonly label: string }[]
  readonly onSearch: (text: string) => void
  readonly onChange: (value: string) => void
}) {
  const { label, value, name, offers, onSearch, onChange } = props
  // Undefined: nobody types, and what is chosen is shown.
  const [typed, setTyped] = useState<string>()
  const listId = useId()
  const search = useDebouncedCallback(onSearch, PAUSE_MS)
  const choose = (next: string) => {
    setTyped(undefined)
    search.cancel()
    if (next !== value) onChange(next)
  }
  const type = (text: string) => {
    const offer = offers.find((one) => one.label === text)
    if (offer !== undefined) return choose(offer.value)
    setTyped(text)
    search(text.trim())
  }
  const leave = () => {
    const text = typed?.trim().toLowerCase()
    if (text === '') return choose('')
    choose(offers.find((one) => one.label.toLowerCase() === text)?.value ?? value)
  }
  return (
    <>
      <TextInput
        label={label}
        placeholder="Any"
        value={typed ?? name}
        list={listId}
        autoComplete="off"
        spellCheck={false}
        onChange={({ currentTarget }) => type(currentTarget.value)}
        onKeyDown={({ key }) => key === 'Enter' && leave()}
        onBlur={leave}
      />
      <datalist id={listId}>
        {offers.map((offer) => (
          <option key={offer.value} value={offer.label} />
        ))}
      </datalist>
    </>
  )
}
