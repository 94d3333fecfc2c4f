import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Problem } from './problem.tsx'

/**
 * Asks before a thing that cannot be undone. It closes when `onConfirm` is done and shows why when it fails.
 * @param onConfirm may reject with what the gateway refused
 */
export function Confirm(props: {
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly title: string
  /** What will happen, and to whom. */
  readonly children: ReactNode
  /** What the button does, as in `Revoke the key`. */
  readonly action: string
  readonly onConfirm: () => Promise<unknown>
  /** Default: true, the button is red. */
  readonly isDangerous?: boolean
}) {
  const { isOpen, onClose, title, children, action, onConfirm, isDangerous = true } = props
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const close = () => {
    setError(undefined)
    onClose()
  }
  const confirm = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await onConfirm()
      close()
    } catch (thrown) {
      setError(thrown)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal opened={isOpen} onClose={close} title={title} centered>
      <Stack>
        <Text component="div" size="sm">
          {children}
        </Text>
        <Problem error={error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button {...(isDangerous ? { color: 'red.8' } : {})} loading={isBusy} onClick={() => void confirm()}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
