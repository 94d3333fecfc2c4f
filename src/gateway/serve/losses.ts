import type { Recorder } from '../metering/recorder.ts'
import { storeTroubleOf } from '../store/store-error.ts'
import type { State } from './state.ts'

/** What a gateway that has stopped could not store, in one line for whoever stopped it; `undefined`: nothing. */
export function explainLosses(
  recorder: Pick<Recorder, 'unwrittenCount' | 'failure'>,
  state: Pick<State, 'keyring' | 'roll' | 'unstored'>,
): string | undefined {
  const { keyring, roll, unstored } = state
  const lost = [
    counted(recorder.unwrittenCount, 'row of requests', 'rows of requests'),
    counted(keyring.uses.unwrittenCount, 'last use of a key', 'last uses of keys'),
    counted(roll.sightings.unwrittenCount, 'last sighting of a tunnel', 'last sightings of tunnels'),
  ].filter((text) => text !== undefined)
  const revoked = unstored.names
  if (lost.length === 0 && revoked.length === 0) return undefined
  const failure = recorder.failure ?? keyring.uses.failure ?? roll.sightings.failure ?? unstored.failure
  const reason = storeTroubleOf(failure) ?? 'it gave no answer in time'
  return [
    `The gateway has stopped, and its database could not be written to, because ${reason}.`,
    ...(lost.length === 0 ? [] : [`Lost: ${lost.join(', ')}.`]),
    ...(revoked.length === 0 ? [] : [`Good again, and to be revoked again: ${revoked.join(', ')}.`]),
    'Free it or mend it before the gateway is started again.',
  ].join(' ')
}

function counted(count: number, one: string, many: string): string | undefined {
  return count === 0 ? undefined : `${count} ${count === 1 ? one : many}`
}
