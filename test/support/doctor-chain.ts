import { expect, onTestFinished } from 'vitest'
import { HOP_EXITS, type Hop } from '../../src/diagnosis/hop.ts'
import { ClientPlace, type ClientPlaceOptions } from './client-place.ts'
import { startTestGateway, type TestGateway } from './gateway.ts'
import { type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.ts'

/** A workstation that is gone after the test. */
export function placeOf(options: ClientPlaceOptions): ClientPlace {
  const place = new ClientPlace(options)
  onTestFinished(() => place[Symbol.dispose]())
  return place
}

/** Walks to the end, which must be broken at `hop`, as the line of that step and the exit code say. */
export async function expectBroken(
  hop: Hop,
  words: RegExp,
  place: ClientPlace,
  given: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const { code, stdout, stderr } = await place.doctor(given.args, given.env)
  const broken = stdout.split('\n').filter((line) => line.startsWith('✗ '))
  expect(broken, stdout + stderr).toEqual([expect.stringMatching(words)])
  expect(stdout).toMatch(new RegExp(`^Broken at: ${hop}, as a client \\(exit code ${HOP_EXITS[hop]}\\)\\.$`, 'm'))
  expect(code).toBe(HOP_EXITS[hop])
  const advice = stdout.split('\n').find((line, at, all) => line.startsWith('  → ') && all[at - 1] === broken[0])
  expect(advice?.length, stdout).toBeGreaterThan(20)
  return stdout
}

/** A gateway and the model server behind it, gone after the test. */
export async function startChain(): Promise<{ upstream: ScriptedUpstream; gateway: TestGateway }> {
  const upstream = await startScriptedUpstream({ server: 'llama-server' })
  const gateway = await startTestGateway({ upstreams: [upstream.origin] })
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })
  return { upstream, gateway }
}
