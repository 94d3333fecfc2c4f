import { formatExact } from '../parts/format.ts'
import { type Change, changesOf, type FactMap, fieldWords } from './changes.ts'

const MARKS: Readonly<Record<Change['kind'], string>> = { added: '+', removed: '−', changed: '~', same: '' }
const WORDS: Readonly<Record<Change['kind'], string>> = {
  added: 'new',
  removed: 'gone',
  changed: 'changed',
  same: 'as before',
}

/** What something was and what it became, field by field. */
export function ChangeTable({ before, after }: { readonly before: FactMap; readonly after: FactMap }) {
  const changes = changesOf(before, after)
  if (changes.length === 0) return <p className="dimmed audit-nothing">There is nothing more to it.</p>
  // What was made has no before, what was taken away no after: a column for it would be empty.
  const hasBefore = changes.some((change) => change.before !== undefined)
  const hasAfter = changes.some((change) => change.after !== undefined)
  return (
    <div className="changes">
      <table>
        <thead>
          <tr>
            <th scope="col">Field</th>
            {hasBefore && <th scope="col">Before</th>}
            {hasAfter && <th scope="col">After</th>}
          </tr>
        </thead>
        <tbody>
          {changes.map((change) => (
            <tr key={change.field} data-kind={change.kind}>
              <th scope="row">
                <span aria-hidden="true" className="change-mark">
                  {MARKS[change.kind]}
                </span>
                {fieldWords(change.field)}
                <span className="only-read">, {WORDS[change.kind]}</span>
              </th>
              {hasBefore && <td className="change-before">{shown(change.before)}</td>}
              {hasAfter && <td className="change-after">{shown(change.after)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** A time is told as times are everywhere else. */
function shown(text: string | undefined): string {
  if (text === undefined) return ''
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text) ? formatExact(text) : text
}
