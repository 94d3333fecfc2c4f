import { useNavigate } from '@tanstack/react-router'
import { useEffect, useMemo } from 'react'
import { PLACES, type Place } from './places.ts'
import { may, useMe } from './queries.ts'

/** After `g`: the list of shortcuts. */
export const HELP_LETTER = 'h'
/** How long `g` waits for its letter. */
const LETTER_WAIT_MS = 1_500

/** The pages that whoever is signed in finds in the navigation. */
export function usePlaces(): readonly Place[] {
  const me = useMe()
  return useMemo(() => PLACES.flatMap(({ places }) => places).filter(({ access }) => may(me, access)), [me])
}

/** `g`, then a letter, opens a page; nothing happens where somebody types, or with Ctrl, Alt or Meta held. */
export function useShortcuts(onHelp: () => void): void {
  const navigate = useNavigate()
  const places = usePlaces()
  useEffect(() => {
    let isWaiting = false
    let timer: number | undefined
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || isTyping(event.target)) return
      const wasWaiting = isWaiting
      isWaiting = !wasWaiting && event.key === 'g'
      window.clearTimeout(timer)
      if (isWaiting) {
        timer = window.setTimeout(() => {
          isWaiting = false
        }, LETTER_WAIT_MS)
      }
      if (!wasWaiting) return
      const place = places.find(({ letter }) => letter === event.key)
      if (place !== undefined) void navigate({ to: place.to })
      if (event.key === HELP_LETTER) onHelp()
    }
    document.addEventListener('keydown', onKey)
    return () => {
      window.clearTimeout(timer)
      document.removeEventListener('keydown', onKey)
    }
  }, [navigate, places, onHelp])
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target.closest('input, textarea, select, [role="dialog"]') !== null
}
