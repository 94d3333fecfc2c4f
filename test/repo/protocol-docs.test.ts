import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ACCESS_TOKEN_MS } from '../../src/gateway/relay/access-tokens.ts'
import { DEFAULT_PAIRING_LIMITS } from '../../src/gateway/relay/pairing-limits.ts'
import { BARRED_MS } from '../../src/gateway/relay/relayed-tunnel.ts'
import { DEFAULT_TOKEN_MS } from '../../src/gateway/relay/tunnel-service.ts'
import * as codes from '../../src/protocol/codes.ts'
import { FRAME_HEADER_BYTES } from '../../src/protocol/frame-writer.ts'
import { UNCROSSED_REQUEST_FIELDS, UNCROSSED_RESPONSE_FIELDS } from '../../src/protocol/head.ts'
import type { AgentHello, GatewayHello } from '../../src/protocol/hello.ts'
import * as limits from '../../src/protocol/limits.ts'
import { CLIENT_ID } from '../../src/protocol/oauth.ts'
import { ProtocolError } from '../../src/protocol/protocol-error.ts'
import { DEFAULT_TUNNEL_LIMITS } from '../../src/tunnel/limits.ts'
import { CAPABILITIES } from '../../src/tunnel/stream-kinds.ts'
import { rawFrame, readFrames } from '../support/protocol-frames.ts'

const docs = new URL('../../docs/', import.meta.url)
const page = readFileSync(new URL('protocol.md', docs), 'utf8')
/** One line, so that a sentence is found wherever its lines break. */
const flat = page.replaceAll(/\s+/g, ' ')

/** The cells of the table that begins with this header, without it; a code's backticks are taken off. */
function table(header: string): string[][] {
  const at = page.indexOf(`\n${header}\n`)
  if (at === -1) throw new Error(`docs/protocol.md has no table '${header}'`)
  const [, , ...lines] = page.slice(at + 1).split('\n')
  const end = lines.findIndex((line) => !line.startsWith('|'))
  return lines.slice(0, end).map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replace(/^`(.*)`$/, '$1')),
  )
}

/** Name → number of a table that begins with those two columns. */
function numbers(header: string): Record<string, number> {
  return Object.fromEntries(table(header).map(([name = '', number]) => [name, Number(number)]))
}

describe('tables', () => {
  const frames = table('| kind | name | stream id | payload |')

  test('frame kinds', () => {
    const asWritten = Object.entries(codes.FRAME).map(([name, kind]) => [
      `0x${kind.toString(16).padStart(2, '0')}`,
      name.replaceAll(/[A-Z]/g, '_$&').toUpperCase(),
    ])
    expect(frames.map(([kind, name]) => [kind, name])).toEqual(asWritten)
  })

  test.each(frames)('frame %s %s belongs to: %s', (kind, _, place) => {
    const belongs = (streamId: number) => {
      try {
        readFrames(rawFrame(Number(kind), 0, streamId, Buffer.alloc(0)))
        return true
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        return !/names (the link|a stream)/.test(error.message)
      }
    }
    expect([belongs(0), belongs(1)]).toEqual([place === '0', place === 'a stream'])
  })

  test('stream kinds', () => {
    expect(table('| stream kind | carries |').map(([kind]) => Number(kind))).toEqual(Object.values(codes.STREAM_KIND))
  })

  test('reset codes', () => expect(numbers('| RESET code | number | meaning |')).toEqual(codes.RESET))
  test('origins', () => expect(numbers('| origin | number |')).toEqual(codes.ORIGIN))
  test('GO_AWAY codes', () => expect(numbers('| GO_AWAY code | number | meaning |')).toEqual(codes.GO_AWAY))

  const closings = '| close code | number | the session | the agent then |'
  test('close codes', () => expect(numbers(closings)).toEqual(codes.CLOSE))

  test.each(table(closings))('%s (%s): the session %s', (reason, _, session) => {
    expect(codes.isResumable(reason as codes.CloseReason)).toBe(session === 'stays')
  })

  test('fields of HELLO', () => {
    const rows = table('| field | from | meaning |')
    const of = (...sides: readonly string[]) =>
      rows.filter(([, from = '']) => sides.includes(from)).map(([name = '']) => name)
    // The compiler holds these to the types, and `hello.test.ts` the types to what is read.
    const common = { software: '', capabilities: [], window: 0, streams: 0, heartbeatMs: 0 }
    const machine = { name: '', platform: '', arch: '' }
    const agent: Required<AgentHello> = { ...common, instance: '', machine, resume: { session: '', received: 0 } }
    const gateway: GatewayHello = {
      ...common,
      session: '',
      resumed: false,
      received: 0,
      resumeWindowMs: 0,
      tunnel: { id: '', label: '' },
      tokenExpiresInMs: 0,
    }
    expect(of('both', 'agent', 'agent, optional')).toEqual(Object.keys(agent))
    expect(of('both', 'gateway')).toEqual(Object.keys(gateway))
    expect(of('agent, optional')).toEqual(['machine', 'resume'])
    expect(of('both')).toEqual(Object.keys(common))
    expect(rows).toHaveLength(of('both', 'agent', 'agent, optional', 'gateway').length)
  })
})

test('the picture of a frame has as many bits as a header', () => {
  const [picture = ''] = /^ 0 .*?```/ms.exec(page) ?? []
  const bits = [...picture.matchAll(/(\d+) bit/g)].map(([, count]) => Number(count))
  expect(bits.reduce((sum, count) => sum + count, 0)).toBe(FRAME_HEADER_BYTES * 8)
})

test('fields that do not cross', () => {
  const [, both = '', also = '', gateway = ''] =
    /Fields of one connection never cross: (.*?), nor those .*? Nor do (.*?), and from the gateway (.*?)\. /.exec(
      flat,
    ) ?? []
  const names = (list: string) => [...list.matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => name)
  const always = [...names(both), ...names(also)]
  expect(always).toEqual([...UNCROSSED_RESPONSE_FIELDS])
  expect([...always, ...names(gateway)]).toEqual([...UNCROSSED_REQUEST_FIELDS])
})

const { codeMs, intervalMs, refreshTokenMs } = DEFAULT_PAIRING_LIMITS
const { windowBytes, maxWindowBytes, linkWindowBytes, resendBytes, heartbeatMs, framesPerSecond } =
  DEFAULT_TUNNEL_LIMITS

/** Every phrase of the page that holds a number, made from the code's own. */
const PHRASES: readonly string[] = [
  `From id \`${limits.RENEW_STREAM_ID}\` on a gateway says GO_AWAY`,
  `beyond \`${limits.MAX_STREAM_ID}\` it opens no more`,
  `Sec-WebSocket-Protocol: ${limits.SUBPROTOCOL} `,
  `A message is at most \`${limits.MAX_MESSAGE_BYTES}\` bytes.`,
  `gets no HELLO within \`${limits.HELLO_TIMEOUT_MS / 1_000}\` seconds`,
  `visible ASCII, at most \`${limits.MAX_TOKEN_BYTES}\` bytes`,
  `Kinds from \`0x${codes.FIRST_OPTIONAL_KIND.toString(16)}\` on are **optional**`,
  `Flag \`0x${codes.FLAG_END.toString(16).padStart(2, '0')}\` is END`,
  `at most \`${limits.MAX_TEXT_BYTES}\` bytes. Whoever sends a longer one`,
  `in UTF-8, at most \`${limits.MAX_HELLO_BYTES}\` bytes`,
  `as in \`punku/0.1.0\`; at most 128 characters`,
  'list of at most 64 names, each at most 64 characters',
  `before any CREDIT; at least \`${limits.MIN_WINDOW_BYTES}\`, below 2³¹`,
  `the sender pings this often; ${limits.MIN_HEARTBEAT_MS} to ${limits.MAX_HEARTBEAT_MS} |`,
  "the same for the life of the agent's process; at most 64 characters",
  'all three, for people; each at most 128 characters',
  "the session's id, at most 64 characters",
  'of the tunnel that the token is for; at most 64 and 128 characters',
  'once, as 1 to 15 digits',
  '`status` is 200 to 599.',
  `At most \`${limits.MAX_FIELDS}\` fields, and \`${limits.MAX_HEAD_BYTES}\` bytes in a head.`,
  'MUST stay below 2³¹;',
  `| PING, and pings of the WebSocket | \`${limits.FRAME_RATES.ping.burst}\` | \`${limits.FRAME_RATES.ping.perSecond}\` |`,
  `| PONG | \`${limits.FRAME_RATES.pong.burst}\` | \`${limits.FRAME_RATES.pong.perSecond}\` |`,
  `| TOKEN | \`${limits.FRAME_RATES.token.burst}\` | \`${limits.FRAME_RATES.token.perSecond}\` |`,
  `| optional kinds that the receiver does not know | \`${limits.FRAME_RATES.optional.burst}\` | \`${limits.FRAME_RATES.optional.perSecond}\` |`,
  `| OPEN of a kind that is not known, or of more streams than the receiver takes | \`${limits.FRAME_RATES.refused.burst}\` | \`${limits.FRAME_RATES.refused.perSecond}\` |`,
  `Punku reads \`${framesPerSecond}\` a second, of which an OPEN is eight.`,
  `refuses the tunnel's next one for \`${BARRED_MS / 1_000}\` seconds`,
  `Punku starts at \`${windowBytes}\` bytes and goes up to \`${maxWindowBytes}\` for one stream and \`${linkWindowBytes}\` for all`,
  `DATA frames of at most \`${limits.CHUNK_BYTES}\` bytes`,
  `at the latest \`${limits.ACK_BYTES}\` bytes of stream frames, or \`${limits.ACK_DELAY_MS}\` milliseconds`,
  `Punku keeps at most \`${resendBytes}\` bytes.`,
  `The default is \`${heartbeatMs}\`.`,
  'a text for people of at most `123` bytes:',
  `An access token runs out after \`${ACCESS_TOKEN_MS / 1_000}\` seconds.`,
  `after a random time of up to \`${limits.FIRST_BACKOFF_MS}\` milliseconds`,
  `an agent waits \`${limits.FIRST_BACKOFF_MS}\` milliseconds, then twice as long each time`,
  `waits more than \`${limits.PROMPT_BACKOFF_MS / 1_000}\` seconds, nor does it in the first \`${limits.PROMPT_FOR_MS / 1_000}\` seconds`,
  `Later it waits up to \`${limits.MAX_BACKOFF_MS / 1_000}\` seconds.`,
  `start anew when a link has held for \`${limits.HELD_LINK_MS / 1_000}\` seconds`,
  `longer than its own wait, up to \`${limits.MAX_RETRY_AFTER_MS / 1_000}\` seconds`,
  `"expires_in": ${codeMs / 1_000}, "interval": ${intervalMs / 1_000}}`,
  `"expires_in": ${ACCESS_TOKEN_MS / 1_000}, "refresh_token"`,
  `A code lives for \`${codeMs / 1_000}\` seconds and is used once.`,
  `and lives for \`${DEFAULT_TOKEN_MS / 1_000}\` seconds`,
  `lives for \`${refreshTokenMs / 1_000}\` seconds after it was last used`,
]

describe('numbers', () => {
  test.each(PHRASES)('%s', (phrase) => expect(flat).toContain(phrase))

  test('every other number on the page is a standard or a status of HTTP', () => {
    let rest = flat
    for (const phrase of PHRASES) rest = rest.replaceAll(phrase, ' ')
    const others = rest
      .replaceAll(/\| `(0x[0-9a-f]{2}|[a-z_]+|\d)` \| (`\d+` \|)?/g, ' ')
      .replaceAll(/(RFC \d+( §[\d.]+)?( and §[\d.]+)?|ISO 8859-1|UTF-8|HTTP\/1\.1|9KV-DU6|\(1xx\)|\d+ bit)/g, ' ')
    expect([...others.matchAll(/\d{2,}/g)].map(([number]) => number)).toEqual(['400', '401', '503', '400', '429'])
  })
})

test('the bound of credit is 2³¹', () => expect(limits.MAX_CREDIT_BYTES).toBe(2 ** 31 - 1))

test('capabilities, client and paths', () => {
  const [, known = ''] = /Known: (.*?) \|/.exec(flat) ?? []
  expect([...known.matchAll(/`([a-z]+)` /g)].map(([, name]) => name)).toEqual(CAPABILITIES)
  const clients = [...flat.matchAll(/client_id=([a-z-]+)/g)].map(([, client]) => client)
  expect(new Set(clients)).toEqual(new Set([CLIENT_ID]))
})

describe('links', () => {
  const anchors = new Set(
    [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
  const targets = [...new Set([...page.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target))]

  test.each(targets)('%s', (target) => {
    if (target.startsWith('#')) expect(anchors).toContain(target.slice(1))
    else expect(existsSync(fileURLToPath(new URL(target, docs)))).toBe(true)
  })
})
