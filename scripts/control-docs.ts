import { type OperationName, operations } from '../src/contract/operations.ts'
import type { Access } from '../src/contract/parts.ts'

const MARKERS = {
  begin: '<!-- operations: written by `npm run docs` from src/contract/operations.ts -->',
  end: '<!-- /operations -->',
}

const CALLERS: Readonly<Record<Access, string>> = {
  nobody: 'anyone',
  person: 'signed in',
  member: 'member',
  admin: 'admin',
  owner: 'owner',
  system: 'system admin',
}

const COLUMNS = ['operation', 'who', 'does', 'answer']

/** Every operation of the control API as a Markdown table, in the order of the contract. */
export function renderControlDocs(): string {
  const rows = (Object.keys(operations) as OperationName[]).map(renderRow)
  return [row(COLUMNS), row(COLUMNS.map(() => '---')), ...rows, ''].join('\n')
}

/** `page` with the table between its markers written anew. Throws `TypeError` for a page without the markers. */
export function withControlDocs(page: string): string {
  const begin = page.indexOf(MARKERS.begin)
  const end = page.indexOf(MARKERS.end)
  if (begin === -1 || end < begin) throw new TypeError(`the page lacks ${MARKERS.begin} or ${MARKERS.end}`)
  return `${page.slice(0, begin)}${MARKERS.begin}\n\n${renderControlDocs()}\n${page.slice(end)}`
}

function renderRow(name: OperationName): string {
  const { method, path, responses, 'x-access': access } = operations[name]
  return row([`\`${method.toUpperCase()} ${path}\``, CALLERS[access], wordsOf(name), answerOf(responses)])
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** `createPlaygroundKey` as `create playground key`. */
function wordsOf(name: OperationName): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function answerOf(responses: Readonly<Record<string, { readonly description: string }>>): string {
  const found = Object.entries(responses).find(([status]) => status.startsWith('2'))
  if (found === undefined) throw new TypeError('an operation answers nothing')
  return found[1].description
}
