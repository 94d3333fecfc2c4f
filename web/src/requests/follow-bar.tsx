import { Button } from '@mantine/core'
import { IconArrowUp } from '@tabler/icons-react'
import { useLiveness } from '../events.ts'
import { StatePill } from '../parts/state-pill.tsx'
import { MAX_NEW_ROWS } from './use-requests.ts'

interface FollowBarProps {
  readonly isHeld: boolean
  readonly newCount: number
  readonly onShow: () => void
}

/** Whether the list below follows what happens, and what it holds back while somebody reads. */
export function FollowBar({ isHeld, newCount, onShow }: FollowBarProps) {
  const liveness = useLiveness()
  const show = () => {
    onShow()
    window.scrollTo({ top: 0 })
  }
  return (
    <div className="follow-bar">
      {liveness !== 'live' ? (
        <StatePill tone="idle">{liveness === 'lost' ? 'Not live' : 'Connecting'}</StatePill>
      ) : isHeld ? (
        <StatePill tone="idle">Paused while you read</StatePill>
      ) : (
        <StatePill tone="busy">Live</StatePill>
      )}
      {isHeld && newCount > 0 && (
        <Button size="compact-sm" radius="xl" leftSection={<IconArrowUp size={14} aria-hidden />} onClick={show}>
          {newCount >= MAX_NEW_ROWS ? `${MAX_NEW_ROWS} or more new` : `${newCount} new`}
        </Button>
      )}
    </div>
  )
}
