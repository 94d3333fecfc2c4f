import { hostname, userInfo } from 'node:os'
import type { ControlClient } from '../../contract/client.ts'
import { ControlError } from '../../contract/control-error.ts'
import { randomId } from '../../core/id.ts'
import { Secret } from '../../core/secret.ts'
import { publicKeyId } from './shown-profile.ts'

const MAX_NAME_LENGTH = 64

/** A key that was made for this user of this machine. */
export interface MachineKey {
  readonly id: string
  readonly name: string
  readonly key: Secret
}

/**
 * Makes a key for this user of this machine, under a name that tells both and that no other key has.
 * @param isPersonal the caller's own; else what the caller may make, the org's first
 * @throws ControlError, or PunkuError, when the gateway makes none.
 */
export async function makeMachineKey(client: ControlClient, isPersonal: boolean): Promise<MachineKey> {
  const base = machineKeyName()
  const make = async (name: string) => {
    const made = await client.call('createKey', { body: { name, ...(isPersonal && { isPersonal }) } })
    return { id: made.id, name: made.name, key: new Secret(made.key) }
  }
  try {
    return await make(base)
  } catch (thrown) {
    if (!(thrown instanceof ControlError) || thrown.code !== 'already_exists') throw thrown
    return await make(`${base} ${randomId(6)}`)
  }
}

/** Ends a key that was made for this user of this machine; one that came from elsewhere stays. Whether it has ended. */
export async function endMachineKey(client: ControlClient, key: Secret): Promise<boolean> {
  const id = publicKeyId(key)
  if (id === undefined) return false
  const { name, revokedAt } = await client.call('showKey', { params: { key: id } })
  const own = machineKeyName()
  if (name !== own && !name.startsWith(`${own} `)) return false
  if (revokedAt === null) await client.call('revokeKey', { params: { key: id } })
  return true
}

/** `ana@mac-studio`, in the letters that a key's name may have. */
function machineKeyName(): string {
  const plain = (text: string) => text.replaceAll(/[^\w.+-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  const host = plain(hostname().split('.', 1)[0] ?? '') || 'machine'
  // Room for what makes it unique.
  return `${plain(accountName()) || 'user'}@${host}`.slice(0, MAX_NAME_LENGTH - 8)
}

/** An id without an account, as containers run with, has no name. */
function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}
