import { expect, test } from 'vitest'
import { oldNodeMessage } from './node-version.ts'

test.each(['24.0.0', '24.0.0-nightly', '26.10.0', '100.1.0'])('%s will do', (version) => {
  expect(oldNodeMessage(version)).toBeUndefined()
})

test.each(['0.12.18', '8.17.0', '20.19.1', '23.11.1'])('%s is told what is needed and how to get it', (version) => {
  const message = oldNodeMessage(version)
  expect(message).toContain('Node 24 or newer')
  expect(message).toContain(version)
  expect(message).toContain('npm scripts')
  expect(message).not.toContain('\n')
})
