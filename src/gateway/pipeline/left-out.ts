import { itemBehind, itemEndBefore } from '../../http/json-items.ts'
import type { JsonSpan } from '../../http/json-scan.ts'
import type { Key } from '../access/key.ts'
import { mayUseRoute } from '../access/scope.ts'
import type { RequestFacts } from './request-facts.ts'

/** A part of a body that is not sent, and what stands in its place. */
export interface Cut extends JsonSpan {
  readonly instead: string
}

/** What its client and the row are told of what was left out. */
export type LeftOutName = 'keep_alive' | 'web_search' | 'tool_choice' | 'parallel_tool_calls' | 'include'

/** What of a body is not sent, or is sent otherwise: then nobody has to be told. */
export interface LeftOut {
  readonly names: readonly LeftOutName[]
  /** None overlaps another. */
  readonly cuts: readonly Cut[]
}

/** What no upstream is sent of a request of that key. */
export function leftOutOf(key: Key, { stay }: RequestFacts): readonly LeftOut[] {
  if (stay === undefined || mayUseRoute(key, 'manage')) return []
  // To Ollama it is the same as not given, and all else stays where it was.
  return [{ names: ['keep_alive'], cuts: [{ ...stay.span, instead: 'null' }] }]
}

/** A body without what is left out of it; all other bytes are the same. */
export function withoutLeftOut(body: Buffer, leftOut: readonly LeftOut[]): Buffer {
  const cuts = leftOut.flatMap((part) => part.cuts).sort((one, other) => one.start - other.start)
  const pieces: Buffer[] = []
  let at = 0
  for (const { start, end, instead } of cuts) {
    pieces.push(body.subarray(at, start), Buffer.from(instead))
    at = end
  }
  return Buffer.concat([...pieces, body.subarray(at)])
}

/**
 * The cuts that take some items out of a list, or some members out of an object, each with the comma that parts it from
 * what stays. `items` stand in the order of the body, whose JSON was scanned.
 */
export function cutsOf(body: Buffer, items: readonly JsonSpan[]): Cut[] {
  const cuts: Cut[] = []
  let run: JsonSpan | undefined
  for (const [index, { start, end }] of items.entries()) {
    run = { start: run?.start ?? start, end }
    const next = itemBehind(body, end)
    if (next !== undefined && next === items[index + 1]?.start) continue
    // Behind the last one there is no comma: the one before goes.
    if (next === undefined) cuts.push({ start: itemEndBefore(body, run.start), end, instead: '' })
    else cuts.push({ start: run.start, end: next, instead: '' })
    run = undefined
  }
  return cuts
}
