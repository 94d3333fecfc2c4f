import type { PersonBody } from '../../../src/contract/people.ts'

/** A person: name, and address below. */
export function PersonCell({ person, isMe }: { readonly person: PersonBody; readonly isMe: boolean }) {
  return (
    <span>
      {person.name}
      {isMe && <span className="person-you"> (you)</span>}
      <span className="row-detail">{person.email}</span>
    </span>
  )
}
