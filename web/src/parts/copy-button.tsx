import { ActionIcon, Button } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'

const SHOWN_MS = 2_000

/** Puts a text on the clipboard and says so. @param label what it does, as in `Copy the command` */
export function CopyButton(props: {
  readonly text: string
  readonly label: string
  /** A button in words rather than a sign. */
  readonly isWide?: boolean
}) {
  const { text, label, isWide = false } = props
  const { copied, copy, error } = useClipboard({ timeout: SHOWN_MS })
  // Outside https and localhost a browser gives pages no clipboard.
  const outcome = error !== null ? 'Select it and copy it by hand' : copied ? 'Copied' : undefined
  const Icon = copied ? IconCheck : IconCopy
  return (
    <>
      {isWide ? (
        <Button variant="default" leftSection={<Icon size={16} aria-hidden />} onClick={() => copy(text)}>
          {outcome ?? label}
        </Button>
      ) : (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={label}
          title={outcome ?? label}
          onClick={() => copy(text)}
        >
          <Icon size={17} aria-hidden />
        </ActionIcon>
      )}
      <span className="only-read" role="status">
        {outcome ?? ''}
      </span>
    </>
  )
}
