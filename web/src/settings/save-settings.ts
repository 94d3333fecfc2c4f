import { useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { SettingsBody, StoredSettingsBody } from '../../../src/contract/gateway.ts'
import { api } from '../api.ts'
import { settingsQuery, useRefresh } from '../queries.ts'

/** Saves a part of the settings, and reads them anew. */
export function useSaveSettings(): {
  /**
   * The settings with this part changed, as stored. A change of the other parts that this page knows of is kept.
   * @throws {ControlError} `version_conflict` when somebody changed them since, unknown to this page
   */
  readonly save: (original: StoredSettingsBody, part: Partial<SettingsBody>) => Promise<StoredSettingsBody>
  readonly readAnew: () => Promise<StoredSettingsBody>
} {
  const queries = useQueryClient()
  const refresh = useRefresh()
  const save = useCallback(
    async (original: StoredSettingsBody, part: Partial<SettingsBody>) => {
      const known = queries.getQueryData(settingsQuery.queryKey)
      const base = known !== undefined && isSameIn(known, original, part) ? known : original
      const stored = await api('changeSettings', { body: { ...base, ...part } })
      queries.setQueryData(settingsQuery.queryKey, stored)
      await refresh('usage')
      return stored
    },
    [queries, refresh],
  )
  const readAnew = useCallback(() => queries.fetchQuery({ ...settingsQuery, staleTime: 0 }), [queries])
  return { save, readAnew }
}

/** Whether nobody changed these parts between the two, so that the newer one can be built on. */
function isSameIn(newer: SettingsBody, older: SettingsBody, part: Partial<SettingsBody>): boolean {
  const names = Object.keys(part) as (keyof SettingsBody)[]
  return names.every((name) => JSON.stringify(newer[name]) === JSON.stringify(older[name]))
}
