import type { ModelBody } from '../../../src/contract/upstreams.ts'

/** Tokens, from the fewest to the most of several upstreams. */
export interface TokenRange {
  readonly min: number
  readonly max: number
}

/** One model, wherever it can be reached. */
export interface ModelGroup {
  readonly canonical: string
  /** As its first upstream spells it, without a tag that says nothing. */
  readonly name: string
  /** What a request should ask for: some servers take their own spelling only. */
  readonly id: string
  readonly isCloud: boolean
  /** The upstreams that have it, by label. */
  readonly places: readonly ModelBody[]
  /** What its upstreams serve it with; `undefined`: none says. */
  readonly context: TokenRange | undefined
  /** What it was trained for; `undefined`: none says. */
  readonly trained: TokenRange | undefined
  readonly capabilities: readonly string[]
  readonly sizeBytes: number | null
  /** `null`: no upstream says. */
  readonly isLoaded: boolean | null
  /** It turns text into vectors and cannot be talked to. */
  readonly isEmbedding: boolean
}

/** All models over all upstreams, by name. */
export function groupModels(models: readonly ModelBody[]): ModelGroup[] {
  const byName = Map.groupBy(models, ({ canonical }) => canonical)
  return [...byName.values()].map(groupOf).sort((one, other) => one.name.localeCompare(other.name))
}

/** Those that have every word in their name, their upstreams or what they can do. */
export function filterModels(groups: readonly ModelGroup[], filter: string): ModelGroup[] {
  const words = filter.toLowerCase().split(/\s+/)
  return groups.filter((group) => {
    const text = [
      group.canonical,
      group.name,
      ...group.capabilities,
      ...group.places.map(({ upstreamLabel }) => upstreamLabel),
      group.isCloud ? 'cloud' : '',
      group.isLoaded === true ? 'loaded' : '',
    ]
      .join(' ')
      .toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** The model to begin with: one that is loaded, and none that leaves the house unasked. `undefined`: none can be talked to. */
export function preferredModel(groups: readonly ModelGroup[]): ModelGroup | undefined {
  const talkative = groups.filter(({ isEmbedding }) => !isEmbedding)
  const own = talkative.filter(({ isCloud }) => !isCloud)
  return own.find(({ isLoaded }) => isLoaded) ?? own[0] ?? talkative[0]
}

function groupOf(models: readonly ModelBody[]): ModelGroup {
  const places = models.toSorted((one, other) => one.upstreamLabel.localeCompare(other.upstreamLabel))
  const { id = '', canonical = '' } = places[0] ?? {}
  const loaded = known(places.map(({ isLoaded }) => isLoaded))
  const capabilities = [...new Set(places.flatMap((place) => place.capabilities ?? []))]
  return {
    canonical,
    name: id.replace(/:latest$/, ''),
    id,
    isCloud: places.some(({ isCloud }) => isCloud),
    places,
    context: rangeOf(places.map(({ contextLength }) => contextLength)),
    trained: rangeOf(places.map(({ trainedContextLength }) => trainedContextLength)),
    capabilities,
    sizeBytes: known(places.map(({ sizeBytes }) => sizeBytes))[0] ?? null,
    isLoaded: loaded.length === 0 ? null : loaded.includes(true),
    isEmbedding: capabilities.includes('embedding') && !capabilities.includes('completion'),
  }
}

function rangeOf(values: readonly (number | null)[]): TokenRange | undefined {
  const counts = known(values)
  return counts.length === 0 ? undefined : { min: Math.min(...counts), max: Math.max(...counts) }
}

function known<Value>(values: readonly (Value | null)[]): Value[] {
  return values.filter((value) => value !== null)
}
