import { Button, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { verifyCode } from '../auth.ts'
import { CopyLine } from '../parts/copy-line.tsx'
import { Problem } from '../parts/problem.tsx'
import { QrCode } from '../parts/qr-code.tsx'

/** Puts the account into an authenticator app, and asks for its first code. */
export function TwoFactorSetup(props: {
  /** `otpauth:` */
  readonly uri: string
  readonly onClose: () => void
  readonly onDone: () => Promise<void>
}) {
  const { uri, onClose, onDone } = props
  const [code, setCode] = useState('')
  const secret = new URL(uri).searchParams.get('secret') ?? ''
  const attempt = useMutation({
    mutationFn: async () => {
      await verifyCode(code)
      await onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    attempt.mutate()
  }
  return (
    <Modal opened onClose={onClose} title="Scan this with your authenticator app" centered closeOnClickOutside={false}>
      <form onSubmit={submit}>
        <Stack>
          <QrCode text={uri} label="The secret for your authenticator app. It stands below as text." />
          <Text size="sm" c="dimmed">
            No camera at hand? Type this into the app instead:
          </Text>
          <CopyLine text={secret} what="secret" />
          <TextInput
            label="Code"
            description="The six digits that the app shows now."
            value={code}
            onChange={({ currentTarget }) => setCode(currentTarget.value)}
            required
            pattern="\s*\d{3}\s?\d{3}\s*"
            title="Six digits"
            inputMode="numeric"
            autoComplete="one-time-code"
          />
          <Problem error={attempt.error} />
          <Button type="submit" loading={attempt.isPending}>
            Turn codes on
          </Button>
        </Stack>
      </form>
    </Modal>
  )
}
