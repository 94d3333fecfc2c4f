import { DIALECT_NAMES, type DialectName } from '../src/core/dialect-name.ts'
import { type BodyField, COMMON_FIELDS, type FieldDuty } from '../src/dialects/body-fields.ts'
import { DIALECTS } from '../src/dialects/dialects.ts'

const MARKERS = {
  begin: '<!-- fields: written by `npm run docs` from the `fields.ts` of each dialect -->',
  end: '<!-- /fields -->',
}

const TITLES: Readonly<Record<DialectName, string>> = { ollama: 'Ollama', openai: 'OpenAI', anthropic: 'Anthropic' }

const DUTIES: Readonly<Record<FieldDuty, string>> = {
  model: 'checked as a model',
  address: 'a `data:` URL passes, all else needs `--fetch`',
  media: 'base64 and a `data:` URL pass, all else needs `--fetch`',
  call: 'needs `--fetch`',
  manage: 'needs `--routes inference metadata manage`',
  stay: 'left out unless it is usual; `--routes inference metadata manage` passes all',
  pass: 'passes',
}

const COLUMNS = ['field', 'inside', 'what becomes of it', 'why']

/** The tables of fields as Markdown: what all dialects have, then each dialect's own, in the order of the code. */
export function renderFieldDocs(): string {
  const own = (dialect: DialectName) => DIALECTS[dialect].fields.filter((field) => !COMMON_FIELDS.includes(field))
  return [
    table('Fields of all three', COMMON_FIELDS),
    ...DIALECT_NAMES.map((dialect) => table(`Fields of ${TITLES[dialect]}`, own(dialect))),
  ].join('\n')
}

/** `page` with those tables between its markers written anew. Throws `TypeError` for a page without the markers. */
export function withFieldDocs(page: string): string {
  const begin = page.indexOf(MARKERS.begin)
  const end = page.indexOf(MARKERS.end)
  if (begin === -1 || end < begin) throw new TypeError(`the page lacks ${MARKERS.begin} or ${MARKERS.end}`)
  return `${page.slice(0, begin)}${MARKERS.begin}\n\n${renderFieldDocs()}\n${page.slice(end)}`
}

function table(title: string, fields: readonly BodyField[]): string {
  const rows = fields.map(({ parts = [], fields: names, duty, why }) =>
    row([spans(names), spans(parts), DUTIES[duty], why]),
  )
  return [`### ${title}`, '', row(COLUMNS), row(COLUMNS.map(() => '---')), ...rows, ''].join('\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function spans(paths: readonly string[]): string {
  return paths.map((path) => `\`${path}\``).join(', ')
}
