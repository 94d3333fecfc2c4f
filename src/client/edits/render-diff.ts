import { createTwoFilesPatch } from 'diff'
import type { PlannedEdit } from './plan-edits.ts'

const KEY = /\bpk_([0-9A-Za-z]+)_[\w-]+/g
/** Keys of others, by the prefixes that their makers give them: a diff is pasted into reports. */
const FOREIGN_KEY = /\b(sk|rk|gsk|ghp|gho|github_pat|hf|xai|xox[abp]|AIza)([-_]?)[\w-]{4,}/g

/**
 * What the edits change, a unified diff of each file, empty where nothing is changed. Of our keys the public part is
 * shown alone, of others' their prefix. The text is a person's: who prints it makes control characters visible.
 */
export function renderDiff(planned: readonly PlannedEdit[]): string {
  const files = new Map<string, { readonly before: string | undefined; readonly after: string }>()
  for (const { file, before, after } of planned) {
    const first = files.get(file)
    files.set(file, { before: first === undefined ? before : first.before, after })
  }
  return [...files].map(([file, { before, after }]) => diffOf(file, before, after)).join('')
}

function diffOf(file: string, before: string | undefined, after: string): string {
  if (before === after) return ''
  const patch = createTwoFilesPatch(before === undefined ? '/dev/null' : file, file, lines(before ?? ''), lines(after))
  return patch.replace(/^=+\n/, '').replaceAll('\t\n', '\n').replace(KEY, 'pk_$1_…').replace(FOREIGN_KEY, '$1$2…')
}

/** The line ends of Windows are no change to see, and no terminal shows them. */
function lines(text: string): string {
  return text.replaceAll(/\r+\n/g, '\n').replace(/^\uFEFF/, '')
}
