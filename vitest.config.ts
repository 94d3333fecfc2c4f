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

/** What measures the memory of its process, or changes what cannot be put back, has one to itself. */
const ALONE = [
  'src/gateway/sign-in/sign-in-passkey.test.ts',
  'test/security/bad-input.test.ts',
  'test/security/resources.test.ts',
  'test/tunnel/backpressure.test.ts',
]

/** Real coding tools, where they are installed: `npm run test:tools`. No part of `npm test`. */
const TOOLS = 'test/tools/**/*.test.ts'

/** For whatever would hang: nothing waits this long where all is well, and no machine is so slow that it has to. */
const HANG_MS = 120_000

export default defineConfig({
  test: {
    // Files share a process, and so what they import is read once. The proxy's tests run twice: what they hold must hold
    // on both paths to a model server.
    projects: [
      {
        extends: true,
        test: {
          name: 'direct',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/src/**/*.test.ts'],
          exclude: ['**/node_modules/**', TOOLS, ...ALONE],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE, isolate: true } },
      {
        extends: true,
        test: {
          name: 'tunnelled',
          include: ['test/proxy/**/*.test.ts', 'test/sdk/**/*.test.ts', 'test/matrix/**/*.test.ts'],
          env: { PUNKU_TEST_PATH: 'tunnelled' },
          isolate: false,
        },
      },
      { extends: true, test: { name: 'tools', include: [TOOLS], isolate: false } },
      {
        extends: true,
        test: { name: 'tools-tunnelled', include: [TOOLS], env: { PUNKU_TEST_PATH: 'tunnelled' }, isolate: false },
      },
    ],
    testTimeout: HANG_MS,
    hookTimeout: HANG_MS,
    expect: { poll: { timeout: HANG_MS / 2, interval: 10 } },
    globalSetup: ['test/support/postgres-global.ts'],
    setupFiles: ['test/support/each-file.ts'],
    pool: 'forks',
    // Tests wait for processes and databases as well as they reckon, so there is one more than there are cores.
    maxWorkers: availableParallelism() + 1,
    reporters: [['default', { summary: false }], new ClosingLine()],
  },
})
