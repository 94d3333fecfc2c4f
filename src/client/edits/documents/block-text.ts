import { DocumentFault } from './document-format.ts'
import { lineEndOf, splice } from './text-lines.ts'

const FIRST = '# >>> punku >>>'
const LAST = '# <<< punku <<<'

/** The lines between our marks, without an end after the last; `undefined` where no marks stand. @throws DocumentFault where they do not pair */
export function readBlock(text: string): string | undefined {
  return find(text)?.inside
}

/**
 * A text with these lines between our marks: where the marks stand, else at the end; `undefined` takes them away, marks
 * and all. @throws DocumentFault where the marks do not pair
 */
export function changeBlock(text: string, lines: string | undefined): string {
  const found = find(text)
  const inside = lines?.replaceAll('\r\n', '\n').replace(/\n$/, '')
  if (found?.inside === inside) return text
  if (inside === undefined) return found === undefined ? text : without(text, found)
  const block = `${FIRST}\n${inside === '' ? '' : `${inside}\n`}${LAST}`
  if (found === undefined) {
    const end = lineEndOf(text)
    // The last mark ends its line also where the text did not: others append to a profile without looking.
    return `${text}${text === '' || text.endsWith('\n') ? '' : end}${`${block}\n`.replaceAll('\n', end)}`
  }
  return splice(text, found.start, found.end, block.replaceAll('\n', lineEndOf(text)))
}

interface Block {
  readonly inside: string
  readonly start: number
  /** Before the line end of the last mark. */
  readonly end: number
}

function find(text: string): Block | undefined {
  const marks = [...text.matchAll(/^# (?:>>> punku >>>|<<< punku <<<)(?=[ \t]*\r?$)/gm)]
  const [first, last] = marks
  if (first === undefined) return undefined
  if (marks.length !== 2 || first[0] !== FIRST || last?.[0] !== LAST) {
    const line = text.slice(0, first.index).split('\n').length
    throw new DocumentFault(`the marks '${FIRST}' and '${LAST}' do not stand there once each, in this order`, line, 1)
  }
  const inside = text.slice(first.index + FIRST.length, last.index).replaceAll('\r\n', '\n')
  return {
    inside: inside.replace(/^[ \t]*\n/, '').replace(/\n$/, ''),
    start: first.index,
    end: last.index + LAST.length,
  }
}

function without(text: string, { start, end }: Block): string {
  const after = /^[ \t]*\r?\n?/.exec(text.slice(end))?.[0] ?? ''
  return splice(text, start, end + after.length, '')
}
