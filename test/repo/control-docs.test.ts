import { readFileSync } from 'node:fs'
import { z } from '@hono/zod-openapi'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { withControlDocs } from '../../scripts/control-docs.ts'
import { EVENTS } from '../../src/contract/gateway.ts'
import { type OperationName, operations } from '../../src/contract/operations.ts'
import { ERRORS } from '../../src/core/error.ts'
import { AUTH_PATH, endpointOf } from '../../src/gateway/sign-in/sign-in-endpoints.ts'

const page = pageOf('control-api.md')
const signIn = pageOf('sign-in.md')

const NOUNS = [
  'orgs',
  'members',
  'invitations',
  'keys',
  'upstreams',
  'tunnels',
  'pairings',
  'models',
  'rules',
  'aliases',
  'requests',
  'usage',
  'audit',
  'settings',
  'health',
  'sessions',
  'accounts',
  'events',
]

/** What the schemas of an operation do that the tests ask of them. */
interface Shape {
  readonly method: string
  readonly path: string
  readonly request?: {
    readonly params?: z.ZodType
    readonly query?: z.ZodType
    readonly body?: { readonly content: { readonly 'application/json': { readonly schema: z.ZodType } } }
  }
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>> }>
  >
}

interface Example {
  readonly noun: string
  readonly method: string
  readonly url: URL
  /** As it is sent; `undefined`: none is. */
  readonly body: string | undefined
  /** `json` or `text`. */
  readonly language: string
  readonly answer: string
}

const examples = examplesOf(page)

function pageOf(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
}

/** The text below a heading, to the next one of that level. */
function sectionOf(text: string, heading: string): string {
  const [, after = ''] = text.split(`\n## ${heading}\n`)
  return after.split('\n## ')[0] ?? ''
}

function examplesOf(text: string): Example[] {
  return sectionOf(text, 'Examples')
    .split('\n### ')
    .slice(1)
    .flatMap((section) => {
      const noun = section.slice(0, section.indexOf('\n'))
      const pairs = section.matchAll(/^```sh\n([\s\S]*?)^```\n\n^```(\w+)\n([\s\S]*?)^```/gm)
      return [...pairs].map(([, command = '', language = '', answer = '']) => {
        const [, target = ''] = /"\$GATEWAY(\/[^"]*)"/.exec(command) ?? []
        const body = / -d '([^']*)'/.exec(command)?.[1]
        const [, method = body === undefined ? 'GET' : 'POST'] = / -X (\w+)/.exec(command) ?? []
        return { noun, method, url: new URL(target, 'http://localhost'), body, language, answer }
      })
    })
}

/** The operation that answers an example, and what stands in its path's places. */
function operationOf({ method, url }: Example): { shape: Shape; params: Record<string, string> } | undefined {
  for (const name of Object.keys(operations) as OperationName[]) {
    const shape: Shape = operations[name]
    const pattern = new RegExp(`^${shape.path.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`)
    const match = pattern.exec(url.pathname)
    if (match !== null && shape.method.toUpperCase() === method) return { shape, params: { ...match.groups } }
  }
  return undefined
}

/** What an operation answers when it does what it is asked, by the media type. */
function answersOf({ responses }: Shape): Readonly<Record<string, { readonly schema: z.ZodType }>> {
  return Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1].content ?? {}
}

describe('docs/control-api.md', () => {
  test('has the table of operations as it is', () => {
    expect(page, 'run: npm run docs').toBe(withControlDocs(page))
    const names = Object.keys(operations) as OperationName[]
    const cells = names.map((name) => `| \`${operations[name].method.toUpperCase()} ${operations[name].path}\` |`)
    expect(cells.filter((cell) => !page.includes(cell))).toEqual([])
    expect(() => withControlDocs('')).toThrow(TypeError)
  })

  test('has an example for every noun, each with the token and an answer', () => {
    expect(examples.map(({ noun }) => noun)).toEqual(NOUNS)
    const commands = sectionOf(page, 'Examples').match(/^curl .*$/gm) ?? []
    expect(commands).toHaveLength(examples.length)
    expect(commands.filter((line) => !line.includes('-H "Authorization: Bearer $TOKEN" "$GATEWAY/'))).toEqual([])
  })

  test.each(examples)('$noun: what is asked is an operation, and what it takes', (example) => {
    const found = operationOf(example)
    expect(found, `${example.method} ${example.url.pathname}`).toBeDefined()
    const { params, query, body } = found?.shape.request ?? {}
    expect((params ?? z.strictObject({})).safeParse(found?.params).error).toBeUndefined()
    const asked = Object.fromEntries(example.url.searchParams)
    expect((query ?? z.strictObject({})).safeParse(asked).error).toBeUndefined()
    expect(example.body === undefined).toBe(body === undefined)
    if (body !== undefined) {
      const sent: unknown = JSON.parse(example.body ?? '')
      expect(body.content['application/json'].schema.safeParse(sent).error).toBeUndefined()
    }
  })

  test.each(examples.filter(({ language }) => language === 'json'))('$noun: the answer is one', (example) => {
    const shape = operationOf(example)?.shape
    const schema = shape && answersOf(shape)['application/json']?.schema
    const answer: unknown = JSON.parse(example.answer)
    expect(schema).toBeDefined()
    expect(schema?.safeParse(answer).error).toBeUndefined()
  })

  test('shows no whole secret', () => {
    expect(page).not.toMatch(/\bp[a-z]_[0-9a-z]{10}_[0-9a-z]{10}/)
    expect(page).not.toMatch(/\bpc_\w/)
  })

  test('shows events as they are, and names every one', () => {
    const [stream] = examples.filter(({ language }) => language === 'text')
    const shape = stream && operationOf(stream)?.shape
    expect(Object.keys(shape === undefined ? {} : answersOf(shape))).toEqual(['text/event-stream'])
    const told = [...(stream?.answer ?? '').matchAll(/^id: \d+\nevent: (\S+)\ndata: (.*)$/gm)]
    expect(told.map(([, name]) => name)).toEqual(['ready', 'request'])
    expect(told.map(([, , data = '']) => typeof JSON.parse(data))).toEqual(['object', 'object'])
    const rows = [...sectionOf(page, 'Live events').matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name)
    expect(rows).toEqual([...EVENTS])
  })

  test('shows a refusal of the error table', () => {
    const [, text = ''] = /```json\n([\s\S]*?)```/.exec(sectionOf(page, 'Errors')) ?? []
    const problem = operations.listKeys.responses.default.content['application/problem+json'].schema.parse(
      JSON.parse(text),
    )
    expect(ERRORS).toHaveProperty(problem.code, expect.objectContaining({ status: problem.status }))
  })
})

describe('docs/sign-in.md', () => {
  const blocks = [...signIn.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) => parse(text))
  const issuers: { id: string; issuer: string }[] = blocks.flatMap(({ auth }) => auth?.issuers ?? [])

  test('shows the issuers it explains', () => {
    expect(issuers.map(({ id }) => id)).toEqual(['google', 'keycloak', 'entra'])
  })

  test.each(issuers)('$id: the redirect URI to register is the one that is served', ({ id }) => {
    const path = `${AUTH_PATH}/callback/${id}`
    expect(endpointOf('GET', path)?.path).toBe('/callback/:id')
    expect(signIn).toContain(`\`https://models.example.org${path}\``)
  })

  test('has every block at the same name of the gateway', () => {
    expect(new Set(blocks.map(({ gateway }) => gateway.publicUrl))).toEqual(new Set(['https://models.example.org']))
  })
})
