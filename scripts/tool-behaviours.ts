import type { DialectName } from '../src/core/dialect-name.ts'

/**
 * What a tool does with an error of a status, as recorded with the real program.
 * - `text`: the person reads the gateway's text.
 * - `own`: a text of the tool's own stands in its place.
 * - `hidden`: neither.
 */
export interface Behaviour {
  readonly shows: 'text' | 'own' | 'hidden'
  /** Requests sent before it gave up; `undefined`: not counted. */
  readonly asks?: number
  readonly note?: string
}

export interface Tool {
  readonly name: string
  readonly version: string
  /** The dialects it speaks here. */
  readonly dialects: readonly DialectName[]
  /** By status; one that is not there was not recorded. */
  readonly at: Readonly<Record<number, Behaviour>>
}

const NO_END = { shows: 'hidden', note: 'still asking after 75 s' } as const

/**
 * Recorded against a server that answers with one error for ever, with `x-should-retry` as it is here. What they showed
 * decides which status an error has: `docs/errors.md` has it as a table, and a test holds the codes to it.
 */
export const TOOLS: readonly Tool[] = [
  {
    name: 'Claude Code',
    version: '2.1.332',
    dialects: ['anthropic'],
    at: {
      400: { shows: 'text', asks: 6 },
      401: { shows: 'text', asks: 1 },
      402: { shows: 'text', asks: 1 },
      403: { shows: 'text', asks: 1 },
      404: { shows: 'own', asks: 2, note: '“issue with the selected model”' },
      429: { shows: 'text', asks: 11, note: '212 s; one with `x-should-retry: false` or a long `retry-after`' },
      502: { shows: 'text' },
      503: { shows: 'text', asks: 11, note: 'about 200 s, whatever `x-should-retry` says' },
    },
  },
  {
    name: 'Codex',
    version: '0.171.0',
    dialects: ['openai'],
    at: {
      401: { shows: 'text', asks: 6 },
      402: { shows: 'text', asks: 6 },
      403: { shows: 'text', asks: 6 },
      404: { shows: 'text', asks: 1 },
      429: { shows: 'hidden', asks: 1, note: '6 with `retry-after`, which it waits out each time' },
      502: { shows: 'text', asks: 30 },
      503: { shows: 'text', asks: 30, note: '27 s' },
    },
  },
  {
    name: 'OpenCode',
    version: '1.18.33',
    dialects: ['openai'],
    at: {
      401: { shows: 'text', asks: 2 },
      403: { shows: 'text', asks: 2 },
      404: { shows: 'text', asks: 2 },
      429: { shows: 'text', asks: 9, note: '12 s with `retry-after: 1`' },
      502: { shows: 'text' },
      503: { shows: 'text', asks: 9, note: '9 s with `retry-after: 1`' },
    },
  },
  {
    name: 'Copilot CLI',
    version: '1.0.102',
    dialects: ['openai'],
    at: {
      401: { shows: 'hidden', asks: 1 },
      403: { shows: 'hidden', asks: 1 },
      404: { shows: 'own', note: '“not found on provider”' },
      429: { shows: 'text', asks: 6, note: '70 s' },
      503: { shows: 'text', asks: 6 },
    },
  },
  {
    name: 'Qwen Code',
    version: '0.24.4',
    dialects: ['openai'],
    at: {
      401: { shows: 'text', asks: 1 },
      403: { shows: 'text', asks: 1 },
      404: { shows: 'text' },
      429: NO_END,
      503: NO_END,
    },
  },
  {
    name: 'pi',
    version: '1.6.0',
    dialects: ['openai'],
    at: {
      401: { shows: 'text', asks: 1 },
      403: { shows: 'text', asks: 1 },
      404: { shows: 'text' },
      429: { shows: 'text', asks: 4 },
      502: { shows: 'text', asks: 4 },
      503: { shows: 'text', asks: 4 },
    },
  },
]
