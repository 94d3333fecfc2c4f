import type { KeyTermsBody } from '../../../src/contract/keys.ts'
import { matchesModelGlob, parseModelGlob } from '../../../src/dialects/model-glob.ts'
import type { ModelGroup } from '../models/model-groups.ts'

/** What of a key says which models it may use. */
export type ModelTerms = Pick<KeyTermsBody, 'models' | 'allowsCloud'>

/** The models that a key may use, by the gateway's own reading of its patterns. */
export function usableModels(groups: readonly ModelGroup[], { models, allowsCloud }: ModelTerms): ModelGroup[] {
  const globs = models.map(parseModelGlob).filter((glob) => glob !== undefined)
  return groups.filter(
    ({ canonical, isCloud }) => (allowsCloud || !isCloud) && globs.some((glob) => matchesModelGlob(glob, canonical)),
  )
}

/** The first name that a key's patterns spell out; `undefined`: they have wildcards only. */
export function namedModel({ models }: ModelTerms): string | undefined {
  return models.find((text) => !/[*?]/.test(text))
}
