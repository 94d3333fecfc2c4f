import { expect, test } from 'vitest'
import { foldName } from './fold.ts'

test.each([
  ['model', 'model'],
  ['MoDeL', 'model'],
  ['\u212aeep_alive', 'keep_alive'],
  ['option\u017f', 'options'],
  ['m\u00f6del', 'm\u00f6del'],
  ['mode\u0131', 'mode\u0131'],
])('%j folds to %j', (text, folded) => {
  expect(foldName(text)).toBe(folded)
})
