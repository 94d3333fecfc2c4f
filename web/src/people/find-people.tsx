import { LateInput } from '../parts/late-input.tsx'
import type { PagedRows } from '../parts/use-pages.ts'

/** Fewer are found by looking. */
const MANY_PEOPLE = 10

/** Narrows a list of people to those that are looked for, where there are many. */
export function FindPeople(props: {
  readonly people: Pick<PagedRows<unknown>, 'rows'>
  readonly q: string
  readonly onChange: (q: string) => void
}) {
  const { people, q, onChange } = props
  if (q === '' && (people.rows?.length ?? 0) <= MANY_PEOPLE) return null
  return (
    <search className="list-search">
      <LateInput label="Find somebody" placeholder="Name or e-mail address" value={q} onChange={onChange} />
    </search>
  )
}
