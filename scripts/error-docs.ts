import { ERRORS, type ErrorCode, PunkuError } from '../src/core/error.ts'
import { DIALECTS } from '../src/dialects/dialects.ts'
import { type Behaviour, TOOLS, type Tool } from './tool-behaviours.ts'

const MARKERS = {
  begin: '<!-- tools: written by `npm run docs` from scripts/tool-behaviours.ts -->',
  end: '<!-- /tools -->',
}

/** Codes that no client of a model route is answered with: those of the control API and of commands, and of rows alone. */
export const NOT_FOR_TOOLS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['key_not_found', 'tunnel_not_found', 'tunnel_limit_reached', 'pairing_not_found', 'pairing_expired'] as const),
  ...(['pairing_limited', 'not_signed_in', 'not_allowed', 'not_found', 'already_exists', 'version_conflict'] as const),
  ...(['last_of_its_kind', 'limit_reached', 'sign_in_limited', 'issuer_unreachable', 'store_unavailable'] as const),
  ...(['revoked_unstored', 'gateway_not_running', 'gateway_killed', 'client_closed', 'client_stalled'] as const),
  ...(['upstream_rejected', 'upstream_busy', 'upstream_failed'] as const),
])

/** What a tool does with an error of that code; `undefined`: not recorded. */
export function behaviourOf({ dialects, at }: Tool, code: ErrorCode): Behaviour | undefined {
  const [dialect = 'openai'] = dialects
  return at[DIALECTS[dialect].statusOf?.(new PunkuError(code, '')) ?? ERRORS[code].status]
}

/** `page` with its last column of each table of codes, and its table of tools, written anew. */
export function withErrorDocs(page: string): string {
  const begin = page.indexOf(MARKERS.begin)
  const end = page.indexOf(MARKERS.end)
  if (begin === -1 || end < begin) throw new TypeError(`the page lacks ${MARKERS.begin} or ${MARKERS.end}`)
  const codes = page.slice(0, begin).replaceAll(/^\| `([a-z_]+)` \| (.*) \|$/gm, (line, code: string, rest: string) => {
    const cells = rest.split(' | ').slice(0, 4)
    return code in ERRORS ? row([`\`${code}\``, ...cells, shownBy(code as ErrorCode)]) : line
  })
  return `${codes}${MARKERS.begin}\n\n${toolTable()}\n${page.slice(end)}`
}

function shownBy(code: ErrorCode): string {
  if (NOT_FOR_TOOLS.has(code)) return '–'
  const namesOf = (wanted: Behaviour['shows'] | undefined) =>
    TOOLS.filter((tool) => behaviourOf(tool, code)?.shows === wanted).map(({ name }) => name)
  const groups = [
    ['text', [...namesOf('text'), 'SDKs']],
    ['own text', namesOf('own')],
    ['nothing', namesOf('hidden')],
  ] as const
  return groups.flatMap(([what, names]) => (names.length === 0 ? [] : `${what}: ${names.join(', ')}`)).join('; ')
}

function toolTable(): string {
  const statuses = [...new Set(TOOLS.flatMap(({ at }) => Object.keys(at).map(Number)))].sort((a, b) => a - b)
  const head = ['status', ...TOOLS.map(({ name, version }) => `${name} ${version}`)]
  const rows = statuses.map((status) => row([String(status), ...TOOLS.map(({ at }) => cellOf(at[status]))]))
  return [row(head), row(head.map(() => '---')), ...rows, ''].join('\n')
}

function cellOf(behaviour: Behaviour | undefined): string {
  if (behaviour === undefined) return ''
  const { shows, asks, note } = behaviour
  const what = { text: 'text', own: 'own text', hidden: 'nothing' }[shows]
  return [
    what,
    ...(asks === undefined ? [] : [`${asks} ${asks === 1 ? 'request' : 'requests'}`]),
    ...(note ? [note] : []),
  ].join(', ')
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
