import { Button, Textarea } from '@mantine/core'
import { IconArrowUp, IconPlayerStopFilled } from '@tabler/icons-react'
import type { KeyboardEvent } from 'react'

/** Where a question is typed. Enter sends it, with Shift it breaks the line, Escape stops the answer. */
export function Composer(props: {
  readonly text: string
  readonly onChange: (text: string) => void
  readonly onSend: () => void
  readonly onStop: () => void
  readonly isBusy: boolean
}) {
  const { text, onChange, onSend, onStop, isBusy } = props
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && isBusy) onStop()
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    if (!isBusy) onSend()
  }
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        onSend()
      }}
    >
      <Textarea
        className="composer-text"
        aria-label="Your message"
        placeholder="Your message"
        autosize
        minRows={1}
        maxRows={8}
        size="md"
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={onKey}
      />
      {isBusy ? (
        <Button
          variant="default"
          size="md"
          leftSection={<IconPlayerStopFilled size={16} aria-hidden />}
          onClick={onStop}
        >
          Stop
        </Button>
      ) : (
        <Button
          type="submit"
          size="md"
          disabled={text.trim() === ''}
          leftSection={<IconArrowUp size={18} aria-hidden />}
        >
          Send
        </Button>
      )}
    </form>
  )
}
