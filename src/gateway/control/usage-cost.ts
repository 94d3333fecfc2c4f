import { meansModelName, parseModelGlob } from '../../dialects/model-glob.ts'
import type { Price } from '../orgs/org-settings.ts'
import type { CostOf } from '../store/usage-repository.ts'

const TOKENS_PRICED = 1_000_000

/** Costs at these prices; what none is set for is free. */
export function costAt(prices: readonly Price[]): CostOf {
  const globs = prices.map((price) => ({ price, glob: parseModelGlob(price.models) }))
  const known = new Map<string, Price | undefined>()
  const priceOf = (model: string): Price | undefined =>
    globs.find(({ glob }) => glob !== undefined && meansModelName(glob, model))?.price
  return (model, { prompt, completion, cached }) => {
    if (!known.has(model)) known.set(model, priceOf(model))
    const price = known.get(model)
    if (price === undefined) return 0
    const { promptPerMillion, completionPerMillion, cachedPerMillion = promptPerMillion } = price
    const fresh = Math.max(0, prompt - cached)
    return (fresh * promptPerMillion + cached * cachedPerMillion + completion * completionPerMillion) / TOKENS_PRICED
  }
}
