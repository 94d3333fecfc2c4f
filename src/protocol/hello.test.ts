import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AgentHello, decodeAgentHello, decodeGatewayHello, encodeHello, type GatewayHello } from './hello.ts'
import { MAX_HELLO_BYTES } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'

const agent: AgentHello = {
  software: 'punku/0.1.0',
  capabilities: ['http', 'resume'],
  window: 65_536,
  streams: 0,
  heartbeatMs: 15_000,
  instance: 'i-1',
  machine: { name: 'box', platform: 'linux', arch: 'x64' },
  resume: { session: 'ses_1', received: 12 },
}

const gateway: GatewayHello = {
  software: 'punku/0.1.0',
  capabilities: ['http'],
  window: 65_536,
  streams: 256,
  heartbeatMs: 15_000,
  session: 'ses_1',
  resumed: false,
  received: 0,
  resumeWindowMs: 30_000,
  tunnel: { id: 'tun_1', label: 'my box' },
  tokenExpiresInMs: 900_000,
}

const SIDES = {
  agent: { hello: agent as Readonly<Record<string, unknown>>, decode: decodeAgentHello },
  gateway: { hello: gateway as Readonly<Record<string, unknown>>, decode: decodeGatewayHello },
}
type Side = keyof typeof SIDES

function decode(side: Side, hello: unknown): unknown {
  return SIDES[side].decode(Buffer.from(JSON.stringify(hello)))
}

/** A HELLO of that side with the field at `path` (`machine.name`) set; `undefined` takes it out. */
function changed(side: Side, path: string, value: unknown): unknown {
  const [field = '', inner] = path.split('.')
  const { hello } = SIDES[side]
  return { ...hello, [field]: inner === undefined ? value : { ...(hello[field] as object), [inner]: value } }
}

test.each(['agent', 'gateway'] as const)('the HELLO of a %s comes out as it was put in', (side) => {
  const { hello } = SIDES[side]
  expect(SIDES[side].decode(encodeHello(side === 'agent' ? agent : gateway))).toEqual(hello)
})

test('unknown fields are ignored, also inside others', () => {
  expect(decode('agent', { ...agent, later: [1], machine: { ...agent.machine, ram: 1 } })).toEqual(agent)
  expect(decode('gateway', { ...gateway, later: {}, tunnel: { ...gateway.tunnel, org: 'x' } })).toEqual(gateway)
})

test('machine and resume may be missing, each on its own', () => {
  const { machine, resume, ...rest } = agent
  expect(decode('agent', rest)).toEqual(rest)
  expect(decode('agent', { ...rest, machine })).toEqual({ ...rest, machine })
  expect(decode('agent', { ...rest, resume })).toEqual({ ...rest, resume })
})

const REQUIRED: Readonly<Record<Side, readonly string[]>> = {
  agent: [
    'software',
    'capabilities',
    'window',
    'streams',
    'heartbeatMs',
    'instance',
    'machine.name',
    'machine.platform',
    'machine.arch',
    'resume.session',
    'resume.received',
  ],
  gateway: [
    'software',
    'capabilities',
    'window',
    'streams',
    'heartbeatMs',
    'session',
    'resumed',
    'received',
    'resumeWindowMs',
    'tunnel',
    'tunnel.id',
    'tunnel.label',
    'tokenExpiresInMs',
  ],
}

describe.each(['agent', 'gateway'] as const)('%s', (side) => {
  test.each(REQUIRED[side])('%s must be there, in its type, and is named when it is not', (path) => {
    for (const value of [undefined, null, { a: 1 }, -1, 1.5, path === 'resumed' ? 'true' : true]) {
      const refused = () => decode(side, changed(side, path, value))
      expect(refused, JSON.stringify(value)).toThrow(ProtocolError)
      expect(refused).toThrow(`'${path}`)
    }
  })

  test.each<readonly [path: string, accepted: readonly unknown[], refused: readonly unknown[]]>([
    ['software', ['', 'a'.repeat(128)], ['a'.repeat(129)]],
    [
      'capabilities',
      [[], Array(64).fill('x'), ['x'.repeat(64)], ['http', 'later']],
      [Array(65).fill('x'), ['x'.repeat(65)], [1]],
    ],
    ['window', [16_384, 2_147_483_647], [16_383, 2_147_483_648]],
    ['streams', [0, 1_000_000], [-1, 2 ** 53]],
    ['heartbeatMs', [1_000, 300_000], [999, 300_001]],
  ])('%s within its bounds', (path, accepted, refused) => {
    for (const value of accepted) expect(decode(side, changed(side, path, value))).toHaveProperty(path, value)
    for (const value of refused) expect(() => decode(side, changed(side, path, value))).toThrow(ProtocolError)
  })

  test(`has at most ${MAX_HELLO_BYTES} bytes`, () => {
    const { hello } = SIDES[side]
    const bare = JSON.stringify({ ...hello, pad: '' }).length
    expect(decode(side, { ...hello, pad: 'x'.repeat(MAX_HELLO_BYTES - bare) })).toEqual(hello)
    expect(() => decode(side, { ...hello, pad: 'x'.repeat(MAX_HELLO_BYTES - bare + 1) })).toThrow(
      'the HELLO is too large',
    )
  })

  test('is one JSON object', () => {
    for (const text of ['', '{', 'null', '[]', '1', '"a"', '[['.repeat(8_000), '{"a":'.repeat(3_000)]) {
      expect(() => SIDES[side].decode(Buffer.from(text)), text.slice(0, 20)).toThrow(ProtocolError)
    }
  })
})

test.each([
  ['agent', 'instance', 64],
  ['agent', 'resume.session', 64],
  ['agent', 'machine.name', 128],
  ['agent', 'machine.platform', 128],
  ['agent', 'machine.arch', 128],
  ['gateway', 'session', 64],
  ['gateway', 'tunnel.id', 64],
  ['gateway', 'tunnel.label', 128],
] as const)('%s: %s has at most %i characters', (side, path, length) => {
  expect(decode(side, changed(side, path, 'x'.repeat(length)))).toHaveProperty(path, 'x'.repeat(length))
  expect(() => decode(side, changed(side, path, 'x'.repeat(length + 1)))).toThrow(ProtocolError)
})

test('the message of a refusal holds nothing of what was sent but names of fields', () => {
  expect(() => decode('agent', changed('agent', 'window', 'secret'))).toThrow(/^the HELLO is not valid at 'window'$/)
})

test('any JSON, and any bytes: nothing but a ProtocolError is thrown', () => {
  const field = fc.constantFrom(...Object.keys(agent), ...Object.keys(gateway))
  fc.assert(
    fc.property(
      fc.oneof(
        fc.dictionary(field, fc.jsonValue()).map((json) => JSON.stringify(json)),
        fc.string(),
      ),
      (text) => {
        for (const side of ['agent', 'gateway'] as const) {
          try {
            SIDES[side].decode(Buffer.from(text))
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError)
          }
        }
      },
    ),
    { numRuns: 2_000 },
  )
})
