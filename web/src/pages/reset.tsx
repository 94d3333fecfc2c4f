import { Button, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { requestReset, resetPassword } from '../auth.ts'
import { forgetLinkToken, useLinkToken } from '../link-token.ts'
import { EndState } from '../parts/end-state.tsx'
import { NewPassword } from '../parts/new-password.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { useEntrance } from '../queries.ts'

/** The page `/ui/reset`: asks for the link that sets a new password, and is what the link opens. */
export function Reset() {
  const token = useLinkToken()
  const [isDone, setDone] = useState(false)
  if (isDone) {
    return (
      <EndState
        tone="good"
        title="Your password is set"
        action={
          <Button component={Link} to="/ui/sign-in">
            Sign in
          </Button>
        }
      >
        All sessions of yours have ended. Sign in with the new password.
      </EndState>
    )
  }
  return token === '' ? <AskForLink /> : <SetPassword token={token} onDone={() => setDone(true)} />
}

function SetPassword({ token, onDone }: { readonly token: string; readonly onDone: () => void }) {
  const [password, setPassword] = useState('')
  const reset = useMutation({
    mutationFn: async () => {
      await resetPassword(token, password)
      forgetLinkToken()
      onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    reset.mutate()
  }
  return (
    <Page title="Set a new password" description="Every session of yours ends with it.">
      <form onSubmit={submit}>
        <Stack>
          <NewPassword label="New password" value={password} onChange={setPassword} />
          <Problem error={reset.error} />
          <Button type="submit" loading={reset.isPending}>
            Set the password
          </Button>
        </Stack>
      </form>
    </Page>
  )
}

function AskForLink() {
  const entrance = useEntrance()
  const [email, setEmail] = useState('')
  const ask = useMutation({ mutationFn: () => requestReset(email) })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    ask.mutate()
  }
  if (entrance.data?.hasMail === false) {
    return (
      <Page title="Forgot your password?">
        <Text>
          This gateway sends no mail. Ask a system admin for a link: they make one under <b>People</b>, beside your
          name.
        </Text>
      </Page>
    )
  }
  if (ask.isSuccess) {
    return (
      <EndState tone="good" title="Look into your mail">
        If there is an account with the address {email}, a link is on its way to it. It works once, for an hour.
      </EndState>
    )
  }
  return (
    <Page title="Forgot your password?" description="A link to set a new one comes by mail.">
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            type="email"
            label="E-mail address"
            value={email}
            onChange={({ currentTarget }) => setEmail(currentTarget.value)}
            required
            autoComplete="username"
          />
          <Problem error={ask.error} />
          <Button type="submit" loading={ask.isPending}>
            Send the link
          </Button>
          <Button component={Link} to="/ui/sign-in" variant="subtle" color="gray">
            Back to the sign-in
          </Button>
        </Stack>
      </form>
    </Page>
  )
}
