import type { Logger } from './log.ts'

/**
 * A log for a process that hardly ever writes to it: the library is loaded with the first error or fatal line, and lines
 * of lesser importance go nowhere. It has the methods by which lines are written, and `child`.
 */
export function faultLog(): Logger {
  const write = (level: 'error' | 'fatal', bindings: object, line: readonly unknown[]): void => {
    void import('./log.ts').then(({ createLog }) => {
      const log = createLog({ level: 'error', format: 'auto' }).child(bindings)
      ;(log[level] as (...line: readonly unknown[]) => void)(...line)
    })
  }
  const drop = (): void => {}
  const of = (bindings: object) => ({
    fatal: (...line: readonly unknown[]) => write('fatal', bindings, line),
    error: (...line: readonly unknown[]) => write('error', bindings, line),
    warn: drop,
    info: drop,
    debug: drop,
    trace: drop,
    child: (more: object) => of({ ...bindings, ...more }),
  })
  return of({}) as unknown as Logger
}
