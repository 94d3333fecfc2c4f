import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

/**
 * A text in the address of the page, so that a view can be linked to and survives a reload. Empty: it is not there.
 * Setting it replaces the address: the way back leads to the page before, not through every letter that was typed.
 */
export function useSearchText(name: string): readonly [string, (value: string) => void] {
  const search = useSearch({ strict: false })
  const navigate = useNavigate()
  const value = search[name]
  const set = useCallback(
    (next: string) => {
      const change = (previous: Readonly<Record<string, string | undefined>>) => ({
        ...previous,
        [name]: next === '' ? undefined : next,
      })
      void navigate({ to: '.', search: change, replace: true, resetScroll: false })
    },
    [navigate, name],
  )
  return [value ?? '', set]
}
