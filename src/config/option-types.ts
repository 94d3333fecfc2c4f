import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { Secret } from '../core/secret.ts'
import { parseDuration, parseSize } from '../core/units.ts'

/** Where Ollama listens: the upstream of a configuration that names none. */
export const DEFAULT_UPSTREAM_URL = 'http://127.0.0.1:11434'

/** Timers above this fire at once: Node keeps their delay in a signed 32-bit integer. */
const LONGEST_TIMER = '24d'

const DURATION_RULE = 'must be a duration with its unit, such as 250ms, 30s, 10m or 90d'
const SIZE_RULE = 'must be a size with its unit, such as 512KiB or 64MiB'

interface Range {
  readonly min?: string
  readonly max?: string
}

/** A length of time in the file (`30s`), milliseconds in the output. `min` and `max` are themselves durations. */
export function duration(range: Range = {}) {
  return z
    .string(DURATION_RULE)
    .meta({ 'x-type': 'duration' })
    .transform((text, context) => readDuration(text, range, context))
}

/** Like `duration`, or the word `off`: `undefined` in the output. */
export function durationOrOff(range: Range = {}) {
  return z
    .string(DURATION_RULE)
    .meta({ 'x-type': 'duration or off' })
    .transform((text, context) => (text === 'off' ? undefined : readDuration(text, range, context)))
}

/** A number of bytes in the file (`64MiB`), plain bytes in the output. `min` and `max` are themselves sizes. */
export function size(range: Range = {}) {
  return z
    .string(SIZE_RULE)
    .meta({ 'x-type': 'size' })
    .transform((text, context) => {
      const bytes = parseSize(text)
      if (bytes === undefined) return refuse(context, SIZE_RULE)
      if (isOutside(bytes, range, parseSize)) return refuse(context, `must be ${rangeText(range)}`)
      return bytes
    })
}

/** An address range (`10.0.0.0/8`, `fd00::/8`) or one address. */
export function network() {
  return z
    .string()
    .refine(isNetwork, 'must be an address or a range such as 10.0.0.0/8, and not a whole address family')
}

/** `http://` or `https://`, a host, perhaps a port and a base path; without a trailing slash in the output. */
export function upstreamUrl() {
  return z.string().transform((text, context) => {
    const url = URL.parse(text)
    if (url === null || !/^https?:$/.test(url.protocol)) {
      return refuse(context, 'must be a URL such as http://127.0.0.1:11434')
    }
    if (url.username !== '' || url.password !== '') {
      return refuse(context, 'must not hold a user or password: put the key into a file and name it in keyFile')
    }
    if (url.search !== '' || url.hash !== '') return refuse(context, 'must not hold a query or a fragment')
    return url.origin + url.pathname.replace(/\/+$/, '')
  })
}

/** `auto` (`undefined` in the output), an absolute `file:` path or a PostgreSQL URL: a `Secret`, as it may hold a password. */
export function databaseUrl() {
  return z.string().transform((text, context) => {
    if (text === 'auto') return undefined
    return isDatabaseUrl(text) ? new Secret(text) : refuse(context, DATABASE_URL_RULE)
  })
}

export const DATABASE_URL_RULE = 'must be auto, a whole path such as file:/srv/punku.db, or postgres://user@host/name'

/** Whether `text` names a database file by its absolute path or a PostgreSQL server. */
export function isDatabaseUrl(text: string): boolean {
  return (text.startsWith('file:') && isAbsolute(text.slice('file:'.length))) || /^postgres(ql)?:\/\/./.test(text)
}

/** A host name or address as a `Host` header has it, without a port; in lower case in the output. */
export function hostName() {
  return z
    .string()
    .regex(/^(?!-)[A-Za-z0-9.-]{1,253}$|^\[[0-9A-Fa-f:.]+\]$/, 'must be a host name without scheme, port or path')
    .transform((text) => text.toLowerCase())
}

/** A web origin as a browser sends it: scheme, host and perhaps a port, with nothing behind. */
export function webOrigin() {
  return z
    .string()
    .regex(
      /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s/?#@*]+$/,
      'must be an origin such as https://chat.example.org, not a pattern',
    )
    .transform((text) => text.toLowerCase())
}

/** An origin, or a pattern for several: `scheme://*` (not of the web at large), `*.` before a name, `:*` for every port. */
export function originPattern() {
  return z
    .string()
    .regex(
      /^(?:null|file:\/\/|(?!https?:\/\/\*(?::|$))[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:\*|\*\.localhost|\*\.[^\s/?#@*:.]+\.[^\s/?#@*:]+|[^\s/?#@*:]+|\[[0-9A-Fa-f:.]+\])(?::(?:\d{1,5}|\*))?)$/,
      'must be an origin such as https://chat.example.org, or a pattern such as moz-extension://*, https://*.example.org or http://localhost:*',
    )
    .transform((text) => text.toLowerCase())
}

/** Where an OpenID issuer is, kept letter for letter: HTTPS, or plain HTTP on this machine. */
export function issuerUrl() {
  return z.string().refine((text) => {
    const url = URL.parse(text)
    if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return false
    return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOST.test(url.hostname))
  }, 'must be a URL that begins with https:// (http:// only for one on this machine), without a query')
}

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

/** The URL of an SMTP server: a `Secret`, as it may hold a password. */
export function mailUrl() {
  return z.string().transform((text, context) => (isMailUrl(text) ? new Secret(text) : refuse(context, MAIL_URL_RULE)))
}

export const MAIL_URL_RULE = 'must be a URL such as smtp://mail.example.org:587 or smtps://mail.example.org'

/** Whether `text` names an SMTP server and nothing besides. */
export function isMailUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== '' && url.search === '' && url.hash === ''
}

/** One e-mail address, perhaps with a name before it and then in angle brackets. */
export function mailAddress() {
  return z
    .string()
    .max(320)
    .regex(
      /^(?:[^\s<>,;:"()@]+@[^\s<>,;:"()@]+|[^<>,;:"\r\n]+ <[^\s<>,;:"()@]+@[^\s<>,;:"()@]+>)$/,
      'must be an address, or Name <address>',
    )
}

function readDuration(text: string, range: Range, context: z.RefinementCtx): number {
  const bounded = { max: LONGEST_TIMER, ...range }
  const ms = parseDuration(text)
  if (ms === undefined) return refuse(context, DURATION_RULE)
  if (isOutside(ms, bounded, parseDuration)) return refuse(context, `must be ${rangeText(bounded)}`)
  return ms
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

function isOutside(value: number, range: Range, parse: (text: string) => number | undefined): boolean {
  const min = parse(range.min ?? '') ?? 0
  const max = parse(range.max ?? '') ?? Number.MAX_SAFE_INTEGER
  return value < min || value > max
}

function rangeText({ min, max }: Range): string {
  if (min !== undefined && max !== undefined) return `from ${min} to ${max}`
  return min === undefined ? `at most ${max}` : `at least ${min}`
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || rest.length > 0) return false
  if (prefix === undefined) return true
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : 0
  return bits >= 1 && bits <= (family === 4 ? 32 : 128)
}
