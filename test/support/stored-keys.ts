import type { KeyRepository } from '../../src/gateway/store/key-repository.ts'
import type { NewKey } from '../../src/gateway/store/key-writer.ts'
import type { KeyRow, KeySecretRow } from '../../src/gateway/store/schema.ts'
import { MANUAL_CLOCK_START } from './clock.ts'

/** A key of the default org to be stored, named after its id. */
export function newKey(id: string, given: Partial<NewKey> = {}): NewKey {
  return {
    id,
    org_id: 'default',
    person_id: null,
    created_by: 'local admin',
    is_playground: 0,
    name: `name of ${id}`,
    terms: '{"models":["*"]}',
    created_at: MANUAL_CLOCK_START,
    expires_at: null,
    ...given,
  }
}

/** Every key of every org, oldest first. */
export async function storedKeys(keys: KeyRepository): Promise<KeyRow[]> {
  const rows = await keys.listAfter('', 1_000)
  return rows.sort((left, right) => left.created_at - right.created_at || (left.id < right.id ? -1 : 1))
}

/** All that opens them, and what did. */
export async function storedSecrets(keys: KeyRepository): Promise<KeySecretRow[]> {
  const ids = (await storedKeys(keys)).map(({ id }) => id)
  return ids.length === 0 ? [] : await keys.listSecretsOf(ids)
}
