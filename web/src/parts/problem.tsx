import { Button } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { ControlError } from '../../../src/contract/control-error.ts'
import { Prose } from './prose.tsx'

/** What went wrong, in words. Nothing where nothing did. */
export function Problem(props: {
  readonly error: unknown
  /** Default: nothing, the text says enough. */
  readonly title?: string
  readonly onRetry?: () => void
}) {
  const { error, title, onRetry } = props
  if (error === null || error === undefined) return null
  return (
    <div role="alert" className="problem">
      <IconAlertTriangle size={20} stroke={1.7} aria-hidden />
      <div className="problem-words">
        {title !== undefined && <strong>{title}</strong>}
        <div>
          <Prose text={wordsOf(error)} />
        </div>
      </div>
      {onRetry !== undefined && (
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  )
}

/** An error as a sentence for people. */
export function wordsOf(error: unknown): string {
  if (error instanceof ControlError) {
    const { retryAfterS, message } = error
    return retryAfterS === undefined ? message : `${message} Try again in ${retryAfterS} s.`
  }
  return 'Something broke in this page. Load it again; if it stays, it is a fault worth reporting.'
}
