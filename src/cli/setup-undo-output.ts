import type { UndoneFile, UndoReport } from '../client/edits/edit-journal.ts'

const OUTCOMES: Readonly<Record<UndoneFile['outcome'], string>> = {
  restored: 'as it was before',
  deleted: 'removed, as there was none before',
  edited: 'somebody changed it since: what was still as it was written is put back, the rest stays',
  unchanged: 'nothing of it was left to take back',
  refused: 'not taken back',
  kept: 'stays, as what was left may read it; once that is gone, --undo takes it away',
}

/** What became of each file when a set-up was taken back, a line or two each. */
export function undoLines({ owner, files }: UndoReport): string[] {
  if (files.length === 0) return [`Nothing is set up for ${owner} here.`]
  return files.flatMap(({ file, outcome, left, why }) => [
    `${file}: ${OUTCOMES[outcome]}${why === undefined ? '.' : `. ${why}`}`,
    ...left.map((path) => `  left, as it is no longer ours: ${path.length === 0 ? 'the whole' : path.join('.')}`),
  ])
}
