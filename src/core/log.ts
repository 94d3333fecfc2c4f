import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { LogFormat, LogLevel } from './log-level.ts'
import { escapeSteering, withoutSteering } from './steering.ts'

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
    // Names, reasons and errors may hold what strangers wrote.
    hooks: { streamWrite: escapeSteering },
  }
  if (!human) return pino(settings, destination)
  const pretty = prettyFactory({ ignore: 'part', translateTime: 'SYS:HH:MM:ss', singleLine: true })
  // Read here, so that its texts are clean before the library colours what they stand in.
  const write = (line: string) => void destination.write(String(pretty(cleaned(JSON.parse(line))) ?? ''))
  return pino(settings, { write })
}

/** A value whose texts, names too, cannot steer a terminal. */
function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return withoutSteering(value)
  if (Array.isArray(value)) return value.map(cleaned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [withoutSteering(name), cleaned(one)]))
}
