import { ROUTES, type ServedRoute } from './route-table.ts'

/** So many letters may be wrong in a path, one of three of its own part: `/api/me` is not meant for `/api/ps`. */
const MAX_DISTANCE = 2
const LETTERS_A_FAULT = 3

/** A path as it is compared, where nothing of it is open. */
interface NearPath {
  readonly route: ServedRoute
  /** The part before the second `/`: near routes have the same. */
  readonly base: string
  readonly segments: readonly string[]
}

const PATHS: readonly NearPath[] = ROUTES.filter(({ path }) => !path.includes('{')).map((route) => ({
  route,
  ...partsOf(route.path),
}))

/**
 * The routes whose paths a path is a misspelling of, the nearest first: the same API's, with a letter or two too many, too
 * few or wrong, or its segments in another order. What is longer or shorter by more is not compared.
 */
export function nearRoutes(path: string): readonly ServedRoute[] {
  const { base, segments } = partsOf(path)
  if (segments.length === 0) return []
  const own = segments.join('/')
  const most = Math.min(MAX_DISTANCE, Math.floor(own.length / LETTERS_A_FAULT))
  return PATHS.filter((near) => near.base === base)
    .map(({ route, segments: others }) => ({ route, distance: distanceOf(segments, others, most) }))
    .filter(({ distance }) => distance <= most)
    .sort((one, other) => one.distance - other.distance)
    .map(({ route }) => route)
}

function partsOf(path: string): { readonly base: string; readonly segments: readonly string[] } {
  const [, base = '', ...segments] = path.toLowerCase().split('/')
  return { base, segments }
}

function distanceOf(segments: readonly string[], others: readonly string[], most: number): number {
  if (segments.length > 1 && segments.toSorted().join('/') === others.toSorted().join('/')) return 0
  return editDistance(segments.join('/'), others.join('/'), most)
}

/** How many letters have to be put in, left out or changed; more than `most` where that is sure without a count. */
function editDistance(one: string, other: string, most: number): number {
  if (Math.abs(one.length - other.length) > most) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let from = 1; from <= one.length; from++) {
    const next = [from]
    for (let to = 1; to <= other.length; to++) {
      const changed = (row[to - 1] as number) + (one[from - 1] === other[to - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[to] as number) + 1, (next[to - 1] as number) + 1))
    }
    row = next
  }
  return row[other.length] as number
}
