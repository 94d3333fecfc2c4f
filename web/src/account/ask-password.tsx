import { Button, Modal, PasswordInput, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Problem } from '../parts/problem.tsx'

/** Asks for the password before something that weakens or opens the account. */
export function AskPassword(props: {
  readonly title: string
  readonly children: ReactNode
  /** What the button does. */
  readonly action: string
  readonly onClose: () => void
  /** May reject with what the gateway refused. */
  readonly onPassword: (password: string) => Promise<void>
}) {
  const { title, children, action, onClose, onPassword } = props
  const [password, setPassword] = useState('')
  const attempt = useMutation({ mutationFn: () => onPassword(password) })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    attempt.mutate()
  }
  return (
    <Modal opened onClose={onClose} title={title} centered>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{children}</Text>
          <PasswordInput
            label="Password"
            value={password}
            onChange={({ currentTarget }) => setPassword(currentTarget.value)}
            required
            autoComplete="current-password"
            data-autofocus
          />
          <Problem error={attempt.error} />
          <Button type="submit" loading={attempt.isPending}>
            {action}
          </Button>
        </Stack>
      </form>
    </Modal>
  )
}
