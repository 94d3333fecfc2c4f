import { execFileSync } from 'node:child_process'
import type { z } from '@hono/zod-openapi'
import { configSchema } from '../src/config/schema.ts'
import { type OperationName, operations } from '../src/contract/operations.ts'
import { SchemaTypes } from './schema-types.ts'

const WRITTEN = '// Written by `npm run docs`, so that whoever has the types needs no schema library: '

interface AnyOperation {
  readonly request?: {
    readonly params?: z.ZodType
    readonly query?: z.ZodType
    readonly body?: { readonly content: { readonly 'application/json': { readonly schema: z.ZodType } } }
  }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema?: z.ZodType }>> }>>
}

/** The text of `src/sdk/control-calls.ts`: what each operation of the contract takes and answers. */
export function renderControlCalls(): string {
  const types = new SchemaTypes()
  const calls = (Object.keys(operations) as OperationName[]).map((name) => {
    const operation = operations[name] as unknown as AnyOperation
    return `readonly ${name}: Call<${inputOf(operation, types)}, ${answerOf(operation, types)}>`
  })
  return formatted(
    'control-calls.ts',
    `${WRITTEN}from src/contract.

/** How a call is sent: \`signal\` gives it up, and with \`keepalive\` it goes on when its page goes away. */
export type ControlCallOptions = Pick<RequestInit, 'signal' | 'keepalive'>

type Query<Type> = { readonly [Name in keyof Type]?: Type[Name] | undefined }

interface Call<Input, Answer> {
  readonly arguments: Record<never, never> extends Input
    ? [input?: Input & ControlCallOptions]
    : [input: Input & ControlCallOptions]
  readonly answer: Answer
}

${types.declarations().join('\n\n')}

/** What each operation of the control API takes and answers, by its name. */
export interface ControlCalls {
${calls.join('\n')}
}
`,
  )
}

/** The text of `src/sdk/gateway-config.ts`: the options of `punku.yaml`. */
export function renderGatewayConfig(): string {
  return formatted(
    'gateway-config.ts',
    `${WRITTEN}from src/config/schema.ts.

/** The options of \`punku.yaml\`, in its form. */
export interface GatewayConfig ${new SchemaTypes().print(configSchema, 'input')}
`,
  )
}

function inputOf({ request = {} }: AnyOperation, types: SchemaTypes): string {
  const { params, query, body } = request
  const parts = [
    params === undefined ? '' : `readonly params: ${types.print(params, 'output')}`,
    query === undefined ? '' : `readonly query?: Query<${types.print(query, 'output')}>`,
    body === undefined ? '' : `readonly body: ${types.print(body.content['application/json'].schema, 'input')}`,
  ]
  const given = parts.filter((part) => part !== '')
  return given.length === 0 ? 'unknown' : `{ ${given.join('; ')} }`
}

function answerOf({ responses }: AnyOperation, types: SchemaTypes): string {
  const answers = Object.entries(responses)
    .filter(([status]) => status !== 'default')
    .map(([, { content }]) => {
      const schema = content?.['application/json']?.schema
      return schema !== undefined ? types.print(schema, 'output') : content === undefined ? 'undefined' : 'string'
    })
  return [...new Set(answers)].join(' | ')
}

function formatted(name: string, text: string): string {
  const args = ['check', '--write', `--stdin-file-path=src/sdk/${name}`]
  return execFileSync('biome', args, { input: text, encoding: 'utf8' })
}
