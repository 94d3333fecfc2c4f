import { useState } from 'react'
import { SearchPick } from '../parts/search-pick.tsx'
import { useMemberOffers, usePersonName } from './people-queries.ts'

/** The choice of a member. @param props.value the person's id; undefined: any */
export function PersonPick(props: { readonly value: string | undefined; readonly onChange: (id: string) => void }) {
  const { value, onChange } = props
  const [text, setText] = useState('')
  const offers = useMemberOffers(text)
  const name = usePersonName(value)
  return (
    <SearchPick
      label="Person"
      value={value ?? ''}
      name={name ?? ''}
      offers={offers.map(({ person }) => ({ value: person.id, label: `${person.name}, ${person.email}` }))}
      onSearch={setText}
      onChange={onChange}
    />
  )
}
