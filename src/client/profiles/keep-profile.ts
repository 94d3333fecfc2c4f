import type { ControlClient } from '../../contract/client.ts'
import { CommandFailure } from '../../core/command-failure.ts'
import { PunkuError } from '../../core/error.ts'
import { offeredModel, offeredNames } from '../model-list.ts'
import { tryKey } from '../offered-models.ts'
import { type ClientProfile, readClientProfiles, writeClientProfile } from './client-profile.ts'
import { makeMachineKey } from './machine-key.ts'

/** What is kept of a gateway besides the key. What is `undefined` stays as it was. */
export interface KeptFacts {
  readonly name: string
  readonly url: string
  readonly caFile: string | undefined
  readonly model: string | undefined
}

/**
 * Tries a key at its gateway and keeps it as a profile, which comes first from then on.
 * @throws CommandFailure `denied` for a key that is not taken and `away` when the gateway cannot say: nothing is kept then.
 * PunkuError `invalid_request` for a model that is not offered. One in another letter case is kept as it is offered.
 */
export async function keepProfile(
  home: string,
  { name, url, caFile, model }: KeptFacts,
  key: ClientProfile['key'],
): Promise<ClientProfile> {
  const former = readClientProfiles(home).find((known) => known.name === name && known.url === url)
  const profile = { name, url, key, caFile: caFile ?? former?.caFile, model: model ?? former?.model }
  const offered = await tryKey(profile)
  const meant = model === undefined || offered === undefined ? undefined : offeredModel(offered, model)
  if (model !== undefined && offered !== undefined && meant === undefined) {
    throw new PunkuError(
      'invalid_request',
      `${url} offers this key no model '${model}'. It offers: ${offeredNames(offered)}.`,
      { param: 'model' },
    )
  }
  const kept = meant === undefined ? profile : { ...profile, model: meant.id }
  writeClientProfile(home, kept)
  return kept
}

/**
 * Keeps a profile with the key that it has where that still works, else with one that is made for this machine.
 * @param client of the gateway's control API, as whoever is signed in there
 * @param isPersonal a key that is made is the caller's own
 * @throws ControlError when the gateway makes no key; else as `keepProfile`.
 */
export async function keepMachineProfile(
  home: string,
  facts: KeptFacts,
  client: ControlClient,
  isPersonal: boolean,
): Promise<ClientProfile> {
  const working = await workingProfile(home, facts)
  if (working !== undefined) return await keepProfile(home, facts, working.key)
  const made = await makeMachineKey(client, isPersonal)
  try {
    return await keepProfile(home, facts, made.key)
  } catch (thrown) {
    // Nobody has it.
    await client.call('revokeKey', { params: { key: made.id } }).catch(() => {})
    throw thrown
  }
}

/** The profile of that name where it is of this gateway and its key is still taken there. */
async function workingProfile(home: string, facts: KeptFacts): Promise<ClientProfile | undefined> {
  const known = readClientProfiles(home).find(({ name, url }) => name === facts.name && url === facts.url)
  if (known === undefined) return undefined
  const { key } = known
  const isTaken = await tryKey({ url: facts.url, key, caFile: facts.caFile ?? known.caFile }).then(
    () => true,
    (thrown: unknown) => {
      if (thrown instanceof CommandFailure && thrown.kind === 'denied') return false
      throw thrown
    },
  )
  return isTaken ? known : undefined
}
