import { Button } from '@mantine/core'
import { useIntersection } from '@mantine/hooks'
import { useEffect } from 'react'

/** How far below the screen older rows are read already. */
const AHEAD = '600px'

interface OlderRowsProps {
  readonly list: {
    readonly hasOlder: boolean
    readonly isReadingOlder: boolean
    readonly readOlder: () => void
  }
}

/** The end of a list that goes on when it comes near, or at the press of its button. */
export function OlderRows({ list }: OlderRowsProps) {
  const { ref, entry } = useIntersection({ rootMargin: AHEAD })
  const isNear = entry?.isIntersecting === true
  const { hasOlder, isReadingOlder, readOlder } = list
  useEffect(() => {
    if (isNear && hasOlder && !isReadingOlder) readOlder()
  }, [isNear, hasOlder, isReadingOlder, readOlder])
  return (
    <div ref={ref} className="older-rows">
      {hasOlder ? (
        <Button variant="default" loading={isReadingOlder} onClick={readOlder}>
          Older ones
        </Button>
      ) : (
        <p>That is all there is.</p>
      )}
    </div>
  )
}
