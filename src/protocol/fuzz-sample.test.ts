import { expect, test } from 'vitest'
import { Fuzzer } from '../../test/support/protocol-fuzzer.ts'

const SEED = 20261121

// `node bench/fuzz-protocol.ts` takes a million, and other seeds.
test('20,000 inputs of the fuzzer: read and encoded to the same, or refused with a ProtocolError', () => {
  const fuzzer = new Fuzzer(SEED)
  for (let i = 0; i < 20_000; i++) fuzzer.step()
  // Both kinds came in numbers, or nothing was tried.
  expect(fuzzer.accepted).toBeGreaterThan(4_000)
  expect(fuzzer.refused).toBeGreaterThan(4_000)
  expect(fuzzer.frames).toBeGreaterThan(8_000)
})
