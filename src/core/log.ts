import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { LogFormat, LogLevel } from './log-level.ts'

export type { Logger }

export interface LogOptions {
  readonly level: LogLevel
  /** `auto`: lines for people when standard error is a terminal, else one JSON object a line. */
  readonly format: LogFormat
  /** Where lines go. Default: standard error, so that standard output stays for data. */
  readonly destination?: DestinationStream & { readonly isTTY?: boolean }
}

/** The process's logger. Parts get a child with their `part` name; no line holds a secret, a prompt or an answer. */
export function createLog(options: LogOptions): Logger {
  const destination = options.destination ?? process.stderr
  const human = options.format === 'human' || (options.format === 'auto' && destination.isTTY === true)
  const settings: LoggerOptions = {
    level: options.level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    hooks: { streamWrite: (line) => line.replace(STEERING, escaped) },
  }
  if (!human) return pino(settings, destination)
  const pretty = prettyFactory({ ignore: 'part', translateTime: 'SYS:HH:MM:ss', singleLine: true })
  // JSON's own escapes are read before this, so that what they stand for is here again; colours are the library's.
  const write = (line: string) =>
    void destination.write(String(pretty(line) ?? '').replace(STEERING_BUT_COLOURS, '\ufffd'))
  return pino(settings, { write })
}

/** What a terminal acts on, but the end of a line. Names, reasons and errors may hold what strangers wrote. */
const STEERING = /(?!\n)[\p{Cc}\p{Bidi_C}\u2028\u2029]/gu
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const STEERING_BUT_COLOURS = /(?!\n|\x1b\[\d+(?:;\d+)*m)[\p{Cc}\p{Bidi_C}\u2028\u2029]/gu

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
