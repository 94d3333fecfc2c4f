import { formatDay } from '../parts/format.ts'
import { DAY_MS, daysWords } from './key-words.ts'

const LIVES_MS = [1, 7, 30, 90, 365].map((days) => days * DAY_MS)
/** What the choice of a key's end is called while it is left as it is. */
const KEPT = 'kept'
const FOR_EVER = 'never'

/** When a key ends, as the choices of a list. @param maxLifeMs the longest that is allowed; `null`: for ever */
export function lifeChoices(
  maxLifeMs: number | null,
  kept?: { readonly expiresAt: string | null },
): { readonly value: string; readonly label: string }[] {
  const lives = LIVES_MS.filter((ms) => maxLifeMs === null || ms < maxLifeMs)
  const all = maxLifeMs === null ? lives : [...lives, maxLifeMs]
  return [
    ...(kept === undefined ? [] : [{ value: KEPT, label: keptLabel(kept.expiresAt) }]),
    ...(maxLifeMs === null ? [{ value: FOR_EVER, label: 'Never' }] : []),
    ...all.map((ms) => ({ value: String(ms), label: `In ${daysWords(ms)}` })),
  ]
}

/** The choice as a span: `null` for ever, `undefined` as it is. */
export function lifeOf(choice: string): number | null | undefined {
  if (choice === KEPT) return undefined
  return choice === FOR_EVER ? null : Number(choice)
}

function keptLabel(expiresAt: string | null): string {
  return expiresAt === null ? 'As it is: never' : `As it is: ${formatDay(expiresAt)}`
}
