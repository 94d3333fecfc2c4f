import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { configSchema } from '../src/config/schema.ts'
import { auditOperations } from '../src/contract/audit.ts'
import { gatewayOperations } from '../src/contract/gateway.ts'
import { keyOperations } from '../src/contract/keys.ts'
import { modelRuleOperations } from '../src/contract/model-rules.ts'
import { peopleOperations } from '../src/contract/people.ts'
import { requestOperations } from '../src/contract/requests.ts'
import { toolSessionOperations } from '../src/contract/tool-sessions.ts'
import { tunnelOperations } from '../src/contract/tunnels.ts'
import { upstreamOperations } from '../src/contract/upstreams.ts'
import { docOf, SchemaTypes } from './schema-types.ts'

/** What the schemas of an operation say, as far as types go. */
interface Operation {
  readonly method: string
  readonly path: string
  readonly request?: {
    readonly params?: z.ZodType
    readonly query?: z.ZodType
    readonly body?: { readonly content: { readonly 'application/json': { readonly schema: z.ZodType } } }
  }
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>> }
    >
  >
}

type Operations = Readonly<Record<string, Operation>>

const isOfOrgs = (name: string) => /Orgs?$|Member|Invitation/.test(name)

/** A file for each noun, or for a few: the name of its interface, and the operations. */
const CALLS: Readonly<Record<string, readonly [type: string, Operations]>> = {
  'people-calls': ['PeopleCalls', pick(peopleOperations, (name) => !isOfOrgs(name))],
  'org-calls': ['OrgCalls', pick(peopleOperations, isOfOrgs)],
  'key-calls': ['KeyCalls', keyOperations],
  'upstream-calls': ['UpstreamCalls', upstreamOperations],
  'model-rule-calls': ['ModelRuleCalls', modelRuleOperations],
  'tunnel-calls': ['TunnelCalls', tunnelOperations],
  'request-calls': ['RequestCalls', requestOperations],
  'tool-session-calls': ['ToolSessionCalls', toolSessionOperations],
  'audit-calls': ['AuditCalls', auditOperations],
  'status-calls': ['StatusCalls', gatewayOperations],
}

/** The groups of the configuration that are long enough for a file of their own. */
const LARGE_GROUPS: Readonly<Record<string, string>> = { limits: 'LimitsConfig', auth: 'AuthConfig' }

/**
 * The files of `src/sdk` that write out the types of schemas, by their paths in it: whoever has the package then needs no
 * schema library for its types.
 */
export function renderSdkTypes(): ReadonlyMap<string, string> {
  const files: Record<string, string> = { 'control-calls.ts': controlCalls() }
  for (const [file, [type, operations]] of Object.entries(CALLS)) {
    files[`calls/${file}.ts`] = callsFile(type, operations)
  }
  for (const [name, type] of Object.entries(LARGE_GROUPS)) {
    files[`config/${name}-config.ts`] = configFile(type, configSchema.shape[name as 'limits'])
  }
  files['gateway-config.ts'] = gatewayConfig()
  return formatted(files)
}

function controlCalls(): string {
  const types = Object.entries(CALLS).map(([file, [type]]) => [file, type] as const)
  return [
    ...types.toSorted().map(([file, type]) => `import type { ${type} } from './calls/${file}.ts'`),
    '',
    ...docOf('What each operation of the control API takes and answers, by its name (docs/control-api.md).', 0),
    `export interface ControlCalls extends ${types.map(([, type]) => type).join(', ')} {}`,
  ].join('\n')
}

function callsFile(type: string, operations: Operations): string {
  const types = new SchemaTypes()
  const calls = Object.entries(operations).flatMap(([name, operation]) => callLines(name, operation, types))
  return [
    "import type { ControlCallOptions } from '../control-call-options.ts'",
    '',
    ...types.declarations.flatMap((text) => [text, '']),
    '/** A part of `ControlCalls`. */',
    `export interface ${type} {`,
    ...calls,
    '}',
  ].join('\n')
}

function callLines(name: string, operation: Operation, types: SchemaTypes): readonly string[] {
  const { method, path, request = {}, responses } = operation
  const { params, query, body } = request
  const input: string[] = []
  if (params !== undefined) input.push(`readonly params: ${types.typeOf(params, 'output', 3)}`)
  if (query instanceof z.ZodObject) {
    input.push('readonly query?: {', ...types.fieldsOf(query, 'output', { depth: 3, isPartial: true }), '}')
  }
  if (body !== undefined) {
    input.push(`readonly body: ${types.typeOf(body.content['application/json'].schema, 'input', 3)}`)
  }
  const answer = Object.entries(responses).find(([status]) => status !== 'default')?.[1]
  if (answer === undefined) throw new TypeError(`${name} answers nothing`)
  const mark = params === undefined && body === undefined ? '?' : ''
  const fields = input.length === 0 ? '' : ` & {\n${input.join('\n')}\n}`
  const schema = answer.content['application/json']?.schema
  return [
    ...docOf(`\`${method.toUpperCase()} ${path}\`: ${answer.description}`, 1),
    `readonly ${name}: {`,
    `readonly arguments: [input${mark}: ControlCallOptions${fields}]`,
    `readonly answer: ${schema === undefined ? 'string' : types.typeOf(schema, 'output', 2)}`,
    '}',
  ]
}

function gatewayConfig(): string {
  const own = new SchemaTypes()
  const groups = Object.entries(LARGE_GROUPS)
  const fields = Object.entries(configSchema.shape).flatMap(([name, field]) => {
    const type = LARGE_GROUPS[name]
    if (type === undefined) return own.fieldsOf(z.strictObject({ [name]: field }), 'input')
    return [...docOf(field.description ?? '', 1), `readonly ${name}?: ${type} | undefined`]
  })
  return [
    ...groups.map(([name, type]) => `import type { ${type} } from './config/${name}-config.ts'`).toSorted(),
    '',
    ...docOf(
      'The options of a gateway, in the form of `punku.yaml` (docs/config.md). One that is left out takes its default.',
      0,
    ),
    'export interface GatewayConfig {',
    ...fields,
    '}',
  ].join('\n')
}

function configFile(type: string, schema: z.ZodType): string {
  return [
    '/** A part of `GatewayConfig`. */',
    `export interface ${type} ${new SchemaTypes().typeOf(schema, 'input')}`,
  ].join('\n')
}

/** In the form of the formatter, which is asked once for all of them. */
function formatted(files: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const mark = '// The next file.'
  const input = Object.values(files)
    .map((text) => `// Written by \`npm run docs\` from the schemas of src/contract and src/config.\n${text}`)
    .join(`\n${mark}\n`)
  const biome = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url))
  const text = execFileSync(biome, ['format', '--stdin-file-path=types.ts'], { input, encoding: 'utf8' })
  const texts = text.split(mark).map((one) => `${one.trim()}\n`)
  return new Map(Object.keys(files).map((name, at) => [name, texts[at] ?? '']))
}

function pick(operations: Operations, isMeant: (name: string) => boolean): Operations {
  return Object.fromEntries(Object.entries(operations).filter(([name]) => isMeant(name)))
}
