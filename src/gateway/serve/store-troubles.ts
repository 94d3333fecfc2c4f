import type { Troubles } from '../metering/troubles.ts'
import { POSTGRES_AWAY, storeTroubleOf } from '../store/store-error.ts'

/** Revocations that are named where there are many. */
const MAX_NAMED = 10

/** Who is told what the database cannot do. */
export type TroubleTold = Pick<Troubles, 'tell' | 'over'>

/**
 * Tells that the database cannot be read, or without an error that it can again.
 * @param name what people call it: its file, or its server
 */
export function tellReached(troubles: TroubleTold | undefined, name: string, error: unknown): void {
  if (error === undefined) {
    troubles?.over('database_away')
    return
  }
  const reason = storeTroubleOf(error) ?? 'it failed; the log has the error'
  const action = reason === POSTGRES_AWAY ? 'Start it, or mend the way to it from here' : 'Mend that'
  const text = `${name} cannot be read, because ${reason}. Models are served all the same; changes made elsewhere take no effect here, and nobody can sign in. ${action}: all goes on by itself then.`
  troubles?.tell({ kind: 'database_away', text, detail: { err: error } })
}

/** Tells which revocations are not stored. */
export function tellUnstored(troubles: TroubleTold | undefined, names: readonly string[]): void {
  if (names.length === 0) {
    troubles?.over('revocations_unstored')
    return
  }
  const shown = names.slice(0, MAX_NAMED).join(', ')
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : ''
  const text = `Revoked here and not stored yet: ${shown}${more}. Were the gateway stopped now, they would be good again. Mend the database first.`
  troubles?.tell({ kind: 'revocations_unstored', text })
}

/** Tells that as many agents wait to be paired as may, and those of whoever has the most give way. */
export function tellPairingsFull(troubles: TroubleTold | undefined, prefix: string): void {
  const text =
    'Strangers ask for so many pairing codes that all places are taken; the oldest of whoever has the most give way. Confirm yours soon after they are shown, or lock out the addresses that the log names.'
  troubles?.tell({ kind: 'pairings_full', text, detail: { most: prefix } })
}
