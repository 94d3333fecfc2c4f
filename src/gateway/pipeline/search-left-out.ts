import { PunkuError } from '../../core/error.ts'
import { choiceWithout, type ToolReference } from '../../dialects/tool-choice.ts'
import { asksForWebSearch, isWebSearch } from '../../dialects/web-search.ts'
import { arrayItems, memberOf } from '../../http/json-items.ts'
import { placesOf } from '../../http/json-places.ts'
import { type JsonSpan, scanJsonObject } from '../../http/json-scan.ts'
import { NESTING } from '../../http/json-syntax.ts'
import type { FoundValue } from '../../http/json-value.ts'
import { searchesTheWeb } from '../../servers/known/model-servers.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Ask } from './ask.ts'
import { cutsOf, type LeftOut, type LeftOutName } from './left-out.ts'
import type { ToolFields } from './request-facts.ts'

/** Tools of one request that are looked at one by one. Clients send some hundred; a body has room for millions. */
export const MAX_TOOLS = 1_024
/** A longer choice is passed as it is: one that allows `MAX_TOOLS` tools by name is about half as long. */
const MAX_CHOICE_BYTES = 131_072
/** Where a tool has its name, or those of the tools that it holds. */
const NAMES = placesOf(
  ['', 'tools+/'].flatMap((at) => ['name', 'function/name', 'custom/name'].map((name) => at + name)),
)
/** Parts of an answer that are asked for by `include`, about searches alone. */
const OF_SEARCHES = /^"web_search_call\./

/** What becomes of a tool by which the model server would search the web, where the key may not have it do so. */
export type WebSearchRule = 'drop' | 'refuse'

/**
 * The tools that this upstream is not sent, as it would run them itself on its owner's account, and what refers to them:
 * servers refuse a choice of a tool that is not there, any choice without tools, and an empty list of tools. Elsewhere the
 * same tool does nothing, and passes. Throws `cloud_not_allowed` where the rule says so, and where they stand in no list,
 * or in one of more than `MAX_TOOLS`.
 */
export function searchLeftOut(ask: Ask, { known }: Upstream, rule: WebSearchRule): readonly LeftOut[] {
  const { key, toolFields, body } = ask
  if (key.allowsCloud || toolFields === undefined || !Buffer.isBuffer(body)) return []
  const { tools } = toolFields
  if (!searchesTheWeb(known.server) || !asksForWebSearch(bytesOf(body, tools))) return []
  const items = rule === 'drop' ? arrayItems(body, tools.start, MAX_TOOLS) : undefined
  if (items === undefined) throw searchNotAllowed()
  const isSearch = (item: JsonSpan) => asksForWebSearch(bytesOf(body, item))
  const { gone = [], kept = [] } = Object.groupBy(items, (item) => (isSearch(item) ? 'gone' : 'kept'))
  return [kept.length === 0 ? withoutTools(body, toolFields) : withoutSome(body, toolFields, { gone, kept })]
}

interface Parted {
  readonly gone: readonly JsonSpan[]
  readonly kept: readonly JsonSpan[]
}

/** No tool is left, so nothing is sent that is about tools. */
function withoutTools(body: Buffer, { tools, choice, parallel, include }: ToolFields): LeftOut {
  const names: LeftOutName[] = ['web_search']
  if (choice !== undefined) names.push('tool_choice')
  if (parallel !== undefined) names.push('parallel_tool_calls')
  const included = searchesIn(body, include)
  if (included.length > 0) names.push('include')
  const members = [tools, choice, parallel].filter((value) => value !== undefined).map((value) => memberOf(body, value))
  members.sort((one, other) => one.start - other.start)
  return { names, cuts: [...cutsOf(body, members), ...cutsOf(body, included)] }
}

function withoutSome(body: Buffer, { choice, include }: ToolFields, parted: Parted): LeftOut {
  const names: LeftOutName[] = ['web_search']
  const cuts = cutsOf(body, parted.gone)
  const left = choice && choiceLeft(body, choice, parted)
  if (choice !== undefined && left !== UNCHANGED) {
    names.push('tool_choice')
    cuts.push(...(left === undefined ? cutsOf(body, [memberOf(body, choice)]) : [{ ...choice, instead: left }]))
  }
  const included = searchesIn(body, include)
  if (included.length > 0) names.push('include')
  return { names, cuts: [...cuts, ...cutsOf(body, included)] }
}

function searchesIn(body: Buffer, include: JsonSpan | undefined): readonly JsonSpan[] {
  const items = (include && arrayItems(body, include.start, MAX_TOOLS)) ?? []
  return items.filter((item) => OF_SEARCHES.test(bytesOf(body, item).toString('latin1')))
}

const UNCHANGED = Symbol('unchanged')

/** What stands in place of the choice; `undefined`: nothing. */
function choiceLeft(body: Buffer, choice: JsonSpan, { gone, kept }: Parted): string | undefined | typeof UNCHANGED {
  if (choice.end - choice.start > MAX_CHOICE_BYTES) return UNCHANGED
  const goneNames = namesOf(body, gone)
  const keptNames = namesOf(body, kept)
  const isGone = ({ type, name }: ToolReference): boolean => {
    if (type !== undefined) return isWebSearch(type)
    return name !== undefined && !keptNames.has(name) && (isWebSearch(name) || goneNames.has(name))
  }
  const before: unknown = JSON.parse(bytesOf(body, choice).toString())
  const after = choiceWithout(before, isGone)
  return after === before ? UNCHANGED : after === undefined ? undefined : JSON.stringify(after)
}

/** The names of some tools. One pass: they may be megabytes, and a choice may have thousands of names. */
function namesOf(body: Buffer, tools: readonly JsonSpan[]): ReadonlySet<string> {
  const names = new Set<string>()
  const found = (value: FoundValue) => {
    const name = value.text()
    if (name !== undefined) names.add(name)
  }
  for (const tool of tools) {
    if (body[tool.start] !== NESTING.openObject) continue
    // How deep it nests was looked at when it came.
    scanJsonObject(bytesOf(body, tool), { guarded: [], maxDepth: Infinity, places: { tree: NAMES, found } })
  }
  return names
}

function bytesOf(body: Buffer, { start, end }: JsonSpan): Buffer {
  return body.subarray(start, end)
}

const searchNotAllowed = () =>
  new PunkuError(
    'cloud_not_allowed',
    'The model server would run the tool "web_search" itself, on its owner\'s account, which this key may not have it do. Send the request without the tool (in Codex: web_search = "disabled"), or have a key made with --cloud.',
    { param: 'tools' },
  )
