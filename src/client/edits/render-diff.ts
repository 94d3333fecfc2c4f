import { createTwoFilesPatch } from 'diff'
import type { PlannedEdit } from './plan-edits.ts'

const KEY = /\bpk_([0-9A-Za-z]+)_[\w-]+/g
/** Keys of others, by the prefixes that their makers give them: a diff is pasted into reports. */
const FOREIGN_KEY = /\b(sk|rk|gsk|ghp|gho|github_pat|hf|xai|xox[abp]|AIza)([-_]?)[\w-]{4,}/g

/** What a name says is a secret, and looks like one: long, of one piece, and no path, command or reference. */
const NAMED_SECRET =
  /((?:key|token|secret|passw(?:or)?d|authorization|credentials?)[\w-]*["']?\s*[:=]\s*["']?(?:Bearer\s+)?)(?!pk_)[\w+=.~-]{16,}/gi

/**
 * What the edits change, a unified diff of each file, empty where nothing is changed. Of our keys the public part is
 * shown alone, of others' their prefix, or nothing. The text is a person's: who prints it makes control characters visible.
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
  const text = patch.replace(/^=+\n/, '').replaceAll('\t\n', '\n')
  // First the keys: half of one is none that can be told.
  return shortened(text.replace(KEY, 'pk_$1_…').replace(FOREIGN_KEY, '$1$2…').replace(NAMED_SECRET, '$1…'))
}

/** A line that is longer is shown by what changed in it, and some of what stands around. */
const LONG_LINE = 240
const AROUND = 60

/** Files that a program wrote as one line: a changed line stands below the one that it takes the place of. */
function shortened(patch: string): string {
  const all = patch.split('\n')
  for (let at = 0; at < all.length; at++) {
    const removed = blockAt(all, at, '-')
    // Between them it may stand that the file ends without a line end.
    const addedAt = at + removed.length + Number(all[at + removed.length]?.startsWith('\\') === true)
    const added = removed.length === 0 ? [] : blockAt(all, addedAt, '+')
    for (const [index, before] of removed.entries()) {
      const after = added[index]
      if (after === undefined || Math.max(before.length, after.length) <= LONG_LINE) continue
      ;[all[at + index] = '', all[addedAt + index] = ''] = aroundChange(before, after)
    }
    const line = all[at] ?? ''
    if (line.startsWith(' ') && line.length > LONG_LINE) all[at] = `${line.slice(0, LONG_LINE)}…`
    if (added.length > 0) at = addedAt + added.length - 1
  }
  return all.join('\n')
}

function blockAt(all: readonly string[], from: number, sign: string): readonly string[] {
  let to = from
  while (all[to]?.startsWith(sign) && !/^(?:---|\+\+\+) /.test(all[to] ?? '')) to++
  return all.slice(from, to)
}

/** Both lines without most of what they begin and end with alike, behind their signs. */
function aroundChange(before: string, after: string): readonly [before: string, after: string] {
  const most = Math.min(before.length, after.length)
  let begin = 1
  while (begin < most && before[begin] === after[begin]) begin++
  let end = 0
  while (end < most - begin && before.at(-1 - end) === after.at(-1 - end)) end++
  const cut = (line: string) => {
    const [from, to] = [Math.max(1, begin - AROUND), Math.min(line.length, line.length - end + AROUND)]
    return `${line[0]}${from > 1 ? '…' : ''}${line.slice(from, to)}${to < line.length ? '…' : ''}`
  }
  return [cut(before), cut(after)]
}

/** The line ends of Windows are no change to see, and no terminal shows them. */
function lines(text: string): string {
  return text.replaceAll(/\r+\n/g, '\n').replace(/^\uFEFF/, '')
}
