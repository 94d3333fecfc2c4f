import { PunkuError } from '../../core/error.ts'
import { asksForWebSearch } from '../../dialects/web-search.ts'
import { arrayItems } from '../../http/json-items.ts'
import type { JsonSpan } from '../../http/json-scan.ts'
import { searchesTheWeb } from '../../servers/known/model-servers.ts'
import type { Key } from '../access/key.ts'
import { mayUseRoute } from '../access/scope.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Ask } from './ask.ts'
import type { RequestFacts } from './request-facts.ts'

/** Tools of one request that are looked at one by one. Clients send some hundred; a body has room for millions. */
export const MAX_TOOLS = 1_024

/** What becomes of a tool by which the model server would search the web, where the key may not have it do so. */
export type WebSearchRule = 'drop' | 'refuse'

/** A part of a body that is not sent, and what stands in its place. */
interface Cut extends JsonSpan {
  readonly instead: string
}

/** What of a body is not sent, by the name under which its client and the row are told. */
export interface LeftOut {
  readonly name: 'keep_alive' | 'web_search'
  /** In the order of the body. */
  readonly cuts: readonly Cut[]
}

/** What no upstream is sent of a request of that key. */
export function leftOutOf(key: Key, { stay }: RequestFacts): readonly LeftOut[] {
  if (stay === undefined || mayUseRoute(key, 'manage')) return []
  // To Ollama it is the same as not given, and all else stays where it was.
  return [{ name: 'keep_alive', cuts: [{ ...stay.span, instead: 'null' }] }]
}

/**
 * The tools that this upstream is not sent, as it would run them itself on its owner's account. Elsewhere the same tool
 * does nothing, and passes. Throws `cloud_not_allowed` where the rule says so, and where they stand in no list, or in one of
 * more than `MAX_TOOLS`.
 */
export function searchLeftOut(ask: Ask, { known }: Upstream, rule: WebSearchRule): readonly LeftOut[] {
  const { key, tools, body } = ask
  if (key.allowsCloud || tools === undefined || !Buffer.isBuffer(body)) return []
  if (!searchesTheWeb(known.server) || !asksForWebSearch(body.subarray(tools.start, tools.end))) return []
  const items = rule === 'drop' ? arrayItems(body, tools.start, MAX_TOOLS) : undefined
  if (items === undefined) throw searchNotAllowed()
  const cuts = cutsOf(items, ({ start, end }) => asksForWebSearch(body.subarray(start, end)))
  return [{ name: 'web_search', cuts }]
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

/** The cuts that take some items of a list out, each with the comma that parts it from another. */
export function cutsOf(items: readonly JsonSpan[], isOut: (item: JsonSpan) => boolean): Cut[] {
  const cuts: Cut[] = []
  let kept: JsonSpan | undefined
  items.forEach((item, index) => {
    if (!isOut(item)) {
      kept = item
      return
    }
    const next = items[index + 1]
    const isBehindCut = cuts.at(-1)?.end === item.start
    if (next !== undefined) cuts.push({ start: item.start, end: next.start, instead: '' })
    else if (!isBehindCut) cuts.push({ start: kept?.end ?? item.start, end: item.end, instead: '' })
    else {
      // The last ones are out together, and so is the comma before the first of them.
      while (cuts.length > 0 && (cuts.at(-1)?.start ?? 0) >= (kept?.end ?? 0)) cuts.pop()
      cuts.push({ start: kept?.end ?? (items[0] as JsonSpan).start, end: item.end, instead: '' })
    }
  })
  return cuts
}

const searchNotAllowed = () =>
  new PunkuError(
    'cloud_not_allowed',
    'The model server would run the tool "web_search" itself, on its owner\'s account, which this key may not have it do. Send the request without the tool (in Codex: web_search = "disabled"), or have a key made with --cloud.',
    { param: 'tools' },
  )
