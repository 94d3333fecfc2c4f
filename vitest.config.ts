import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { ClosingLine } from './test/support/closing-line.ts'

// npm runs scripts with the pinned Node of node_modules/.bin; a machine's own older one must not run the tests unseen.
const OLDEST_NODE_MAJOR = 24
const nodeMajor = Number.parseInt(process.versions.node, 10)
if (nodeMajor < OLDEST_NODE_MAJOR) {
  process.stderr.write(
    `Punku's tests need Node ${OLDEST_NODE_MAJOR} or newer and this is ${process.version}: run them with 'npm test'.\n`,
  )
  process.exit(1)
}

export default defineConfig({
  test: {
    // The proxy's tests run twice: what they hold must hold on both paths to a model server.
    projects: [
      {
        extends: true,
        test: { name: 'direct', include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/src/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'tunnelled',
          include: ['test/proxy/**/*.test.ts', 'test/sdk/**/*.test.ts'],
          env: { PUNKU_TEST_PATH: 'tunnelled' },
        },
      },
    ],
    testTimeout: 10_000,
    hookTimeout: 60_000,
    globalSetup: ['test/support/postgres-global.ts'],
    setupFiles: ['test/support/property-seed.ts'],
    pool: 'forks',
    // Tests wait for processes and databases more than they reckon: on two cores both are worth a worker.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: [['default', { summary: false }], new ClosingLine()],
  },
})
