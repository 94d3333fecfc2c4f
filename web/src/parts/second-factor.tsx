import { Button, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { verifyCode } from '../auth.ts'
import { Page } from './page.tsx'
import { Problem } from './problem.tsx'

/** The second step of a sign-in. */
export function SecondFactor(props: { readonly onDone: () => Promise<void>; readonly onBack: () => void }) {
  const { onDone, onBack } = props
  const [code, setCode] = useState('')
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
    <Page title="One more step" description="Your account asks for a code as well.">
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Code"
            description="The six digits of your authenticator app, or one of your recovery codes."
            value={code}
            onChange={({ currentTarget }) => setCode(currentTarget.value)}
            required
            autoComplete="one-time-code"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={32}
          />
          <Problem error={attempt.error} />
          <Button type="submit" loading={attempt.isPending}>
            Go on
          </Button>
          <Button variant="subtle" color="gray" onClick={onBack}>
            Back
          </Button>
        </Stack>
      </form>
    </Page>
  )
}
