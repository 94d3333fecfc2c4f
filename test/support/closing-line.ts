import type { Reporter, TestModule } from 'vitest/node'

/**
 * Prints the run's last line: `tests: N passed, N failed`, and `, N skipped` where any were. A file that could not be
 * loaded, and an error outside any test, count as one failed each. Under CI a run that skipped a test, or ran none,
 * fails: there a missing part must not look like a pass.
 */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed += 1
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) counts.failed += 1
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        // A pending test at the end of a run never came to a result: the run was cut short.
        counts[state === 'pending' ? 'failed' : state] += 1
      }
    }
    const isIncomplete = counts.skipped > 0 || counts.passed + counts.failed === 0
    if (process.env['CI'] && isIncomplete) {
      process.stderr.write('Under CI every test must run: one was skipped, or none was found.\n')
      process.exitCode = 1
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
    process.on('exit', () => {
      process.stdout.write(`tests: ${counts.passed} passed, ${counts.failed} failed${skipped}\n`)
    })
  }
}
