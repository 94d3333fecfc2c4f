import { useState } from 'react'
import type { KeyBody } from '../../../src/contract/keys.ts'
import { SearchPick } from '../parts/search-pick.tsx'
import { useKeyName, useKeyOffers } from './key-queries.ts'

/** The choice of a key. @param props.value its id; undefined: any */
export function KeyPick(props: { readonly value: string | undefined; readonly onChange: (id: string) => void }) {
  const { value, onChange } = props
  const [text, setText] = useState('')
  const offers = useKeyOffers(text)
  const name = useKeyName(value)
  return (
    <SearchPick
      label="Key"
      value={value ?? ''}
      name={name ?? ''}
      offers={offers.map((key) => ({ value: key.id, label: labelOf(key) }))}
      onSearch={setText}
      onChange={onChange}
    />
  )
}

/** A name is one key's alone only while that lasts. */
function labelOf({ id, name, state }: KeyBody): string {
  return state === 'revoked' ? `${name} (revoked, ${id})` : name
}
