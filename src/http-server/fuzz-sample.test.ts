import { expect, test } from 'vitest'
import { HttpFuzzer } from '../../test/support/http-fuzzer.ts'

const SEED = 20261130
/** On a machine where that is not enough, what was tried until then counts. */
const LIMIT_MS = 20_000

// `node bench/fuzz-http.ts` takes a million, and other seeds.
test('10,000 connections of the fuzzer: nothing is taken that llhttp refuses, and nothing is read otherwise', () => {
  const fuzzer = new HttpFuzzer(SEED)
  const endsAtMs = performance.now() + LIMIT_MS
  let done = 0
  while (done < 10_000 && performance.now() < endsAtMs) {
    fuzzer.step()
    done++
  }
  // Both kinds came in numbers, or nothing was tried.
  expect(fuzzer.accepted).toBeGreaterThan(done / 10)
  expect(fuzzer.refused).toBeGreaterThan(done / 10)
  expect(fuzzer.requests).toBeGreaterThan(done / 10)
})
