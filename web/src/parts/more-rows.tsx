import { Button } from '@mantine/core'
import { useIntersection } from '@mantine/hooks'
import { useEffect } from 'react'

/** How far below the screen more rows are read already. */
const AHEAD = '600px'

interface MoreRowsProps {
  readonly list: {
    readonly hasMore: boolean
    readonly isReadingMore: boolean
    readonly readMore: () => void
  }
  /** What stands below the last row of all. Default: nothing. */
  readonly end?: string
}

/** The end of a list that goes on when it comes near, or at the press of its button. */
export function MoreRows({ list, end }: MoreRowsProps) {
  const { ref, entry } = useIntersection({ rootMargin: AHEAD })
  const isNear = entry?.isIntersecting === true
  const { hasMore, isReadingMore, readMore } = list
  useEffect(() => {
    if (isNear && hasMore && !isReadingMore) readMore()
  }, [isNear, hasMore, isReadingMore, readMore])
  if (!hasMore && end === undefined) return null
  return (
    <div ref={ref} className="more-rows">
      {hasMore ? (
        <Button variant="default" loading={isReadingMore} onClick={readMore}>
          Show more
        </Button>
      ) : (
        <p>{end}</p>
      )}
    </div>
  )
}
