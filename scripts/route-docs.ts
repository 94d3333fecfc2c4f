import { DIALECT_NAMES, type DialectName } from '../src/core/dialect-name.ts'
import type { Listing, ModelField, Route } from '../src/dialects/dialect.ts'
import { ROUTES, routeLabel, type ServedRoute } from '../src/servers/route-table.ts'

const MARKERS = {
  begin: '<!-- routes: written by `npm run docs` from src/servers/route-table.ts -->',
  end: '<!-- /routes -->',
}

const TITLES: Readonly<Record<DialectName, string>> = { ollama: 'Ollama', openai: 'OpenAI', anthropic: 'Anthropic' }

const LISTINGS: Readonly<Record<Listing, string>> = {
  'ollama-tags': 'list for the key',
  'ollama-ps': 'list for the key',
  'ollama-version': 'version',
  models: 'list for the key',
  model: 'list for the key',
  root: 'fixed text',
}

const COLUMNS = ['route', 'class', 'model', 'answer', 'servers']

/** The route table as Markdown, one table for each dialect, in the order of the code. */
export function renderRouteDocs(): string {
  return DIALECT_NAMES.map((dialect) => {
    const rows = ROUTES.filter((route) => route.dialect === dialect).map(renderRow)
    return [`### ${TITLES[dialect]}`, '', row(COLUMNS), row(COLUMNS.map(() => '---')), ...rows, ''].join('\n')
  }).join('\n')
}

/** `page` with the route tables between its markers written anew. Throws `TypeError` for a page without the markers. */
export function withRouteDocs(page: string): string {
  const begin = page.indexOf(MARKERS.begin)
  const end = page.indexOf(MARKERS.end)
  if (begin === -1 || end < begin) throw new TypeError(`the page lacks ${MARKERS.begin} or ${MARKERS.end}`)
  return `${page.slice(0, begin)}${MARKERS.begin}\n\n${renderRouteDocs()}\n${page.slice(end)}`
}

function renderRow(route: ServedRoute): string {
  return row([`\`${routeLabel(route)}\``, route.class, modelOf(route.model), answerOf(route), route.servers.join(', ')])
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function modelOf(place: ModelField): string {
  switch (place.in) {
    case 'body':
      return fieldsOf(place.fields)
    case 'optional-body':
      return `${fieldsOf(place.fields)}, optional`
    case 'form':
      return 'form field `model`'
    case 'path':
      return 'path'
    case 'none':
      return '–'
  }
}

function fieldsOf(fields: readonly string[]): string {
  const names = fields.map((field) => `\`${field}\``)
  return names.join(fields.includes('destination') ? ' and ' : ' or ')
}

function answerOf({ class: routeClass, format, streams, listing }: Route): string {
  if (routeClass === 'never') return '403'
  if (listing !== undefined) return LISTINGS[listing]
  if (streams === undefined) return 'whole'
  return streams === 'default' ? `\`${format}\` unless \`stream\` is false` : `\`${format}\` if \`stream\` is true`
}
