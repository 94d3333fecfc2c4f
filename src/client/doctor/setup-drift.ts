import type { Clock } from '../../core/clock.ts'
import { type DriftedPlace, EditJournal } from '../edits/edit-journal.ts'

/** What was set up in tools and stands there no longer, a sentence for each tool. Nothing is changed. */
export async function setupDrift(home: string, clock: Clock): Promise<readonly string[]> {
  const journal = new EditJournal(home, clock)
  const owners = journal.owners()
  const drifted = await Promise.all(owners.map(async (owner) => sentenceOf(owner, await journal.drift(owner))))
  return drifted.flatMap((sentence) => sentence ?? [])
}

function sentenceOf(owner: string, places: readonly DriftedPlace[]): string | undefined {
  const [first, ...others] = places
  if (first === undefined) return undefined
  const { file, path, now } = first
  const what = path.length === 0 ? file : `${path.join('.')} in ${file}`
  const became = { changed: 'was changed', gone: 'is gone', unreadable: 'cannot be read' }[now]
  const more = others.length === 0 ? '' : `, and so it is with ${others.length} more`
  return `What was set up for ${owner} no longer stands: ${what} ${became}${more}.`
}
