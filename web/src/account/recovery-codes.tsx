import { Button, Modal, Stack, Text } from '@mantine/core'
import { CopyButton } from '../parts/copy-button.tsx'

/** Recovery codes, shown this once. It closes by its button only: not by a slip. */
export function RecoveryCodes({ codes, onClose }: { readonly codes: readonly string[]; readonly onClose: () => void }) {
  return (
    <Modal
      opened
      onClose={onClose}
      title="Your recovery codes"
      centered
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Stack>
        <Text size="sm">
          Each of these signs you in once when your phone is away. Keep them where you keep passwords: they are shown
          this once.
        </Text>
        <ul className="recovery-codes">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
        <CopyButton text={codes.join('\n')} label="Copy the codes" isWide />
        <Button onClick={onClose}>I have kept them</Button>
      </Stack>
    </Modal>
  )
}
