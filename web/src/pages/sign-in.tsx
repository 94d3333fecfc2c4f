import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { ControlError } from '../../../src/contract/control-error.ts'
import type { EntranceBody } from '../../../src/contract/people.ts'
import { hasPasskeys, signIn, signInAt, signInWithPasskey } from '../auth.ts'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { useSearchText } from '../parts/search.ts'
import { SecondFactor } from '../parts/second-factor.tsx'
import { WaitingPage } from '../parts/whole-page.tsx'
import { useEntrance } from '../queries.ts'
import { safePath } from '../safe-path.ts'
import { useEnter } from '../way-in.ts'

/** The page `/ui/sign-in`. Afterwards the page opens that was asked for. */
export function SignIn() {
  const entrance = useEntrance()
  const [to] = useSearchText('to')
  const [error] = useSearchText('error')
  const enter = useEnter()
  const [needsCode, setNeedsCode] = useState(false)
  const target = safePath(to, location.origin)
  if (entrance.data === undefined) {
    return entrance.error === null ? (
      <WaitingPage />
    ) : (
      <Problem error={entrance.error} onRetry={() => void entrance.refetch()} />
    )
  }
  const enterTarget = () => enter(target)
  if (needsCode) return <SecondFactor onDone={enterTarget} onBack={() => setNeedsCode(false)} />
  const { hasPassword, issuers, needsSetup } = entrance.data
  const hasPasskey = entrance.data.hasPasskeys && hasPasskeys()
  const hasOthers = hasPasskey || issuers.length > 0
  return (
    <Page title="Sign in" description="The gate to your own models.">
      <Stack>
        {error !== '' && <Problem error={issuerProblem(error)} />}
        {needsSetup && (
          <Text size="sm">
            Nobody has an account here yet. <Link to="/ui/setup">Set the gateway up</Link> first.
          </Text>
        )}
        {hasPassword && (
          <PasswordForm entrance={entrance.data} onDone={enterTarget} onNeedsCode={() => setNeedsCode(true)} />
        )}
        {hasPassword && hasOthers && <div className="or-line">or</div>}
        {hasPasskey && <PasskeyButton onDone={enterTarget} />}
        {issuers.map((issuer) => (
          <IssuerButton key={issuer.id} issuer={issuer} to={target} />
        ))}
      </Stack>
    </Page>
  )
}

function PasswordForm(props: {
  readonly entrance: EntranceBody
  readonly onDone: () => Promise<void>
  readonly onNeedsCode: () => void
}) {
  const { entrance, onDone, onNeedsCode } = props
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const attempt = useMutation({
    mutationFn: async () => {
      if ((await signIn(email, password)) === 'done') await onDone()
      else onNeedsCode()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    attempt.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          type="email"
          name="email"
          label="E-mail address"
          value={email}
          onChange={({ currentTarget }) => setEmail(currentTarget.value)}
          required
          autoComplete="username"
        />
        <PasswordInput
          name="password"
          label="Password"
          value={password}
          onChange={({ currentTarget }) => setPassword(currentTarget.value)}
          required
          autoComplete="current-password"
        />
        <Problem error={attempt.error} />
        <Button type="submit" loading={attempt.isPending} fullWidth>
          Sign in
        </Button>
        {entrance.hasMail && (
          <Anchor component={Link} to="/ui/reset" size="sm">
            Forgot your password?
          </Anchor>
        )}
      </Stack>
    </form>
  )
}

function PasskeyButton({ onDone }: { readonly onDone: () => Promise<void> }) {
  const attempt = useMutation({
    mutationFn: async () => {
      await signInWithPasskey()
      await onDone()
    },
  })
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconFingerprint size={18} aria-hidden />}
        loading={attempt.isPending}
        onClick={() => attempt.mutate()}
      >
        Sign in with a passkey
      </Button>
      <Problem error={attempt.error} />
    </>
  )
}

function IssuerButton(props: { readonly issuer: EntranceBody['issuers'][number]; readonly to: string }) {
  const { issuer, to } = props
  const attempt = useMutation({ mutationFn: () => signInAt(issuer.id, to) })
  return (
    <>
      <Button variant="default" loading={attempt.isPending} onClick={() => attempt.mutate()}>
        Go on with {issuer.label}
      </Button>
      <Problem error={attempt.error} />
    </>
  )
}

/** What came back from an issuer instead of a sign-in. Its code may be anything: only its letters are shown. */
function issuerProblem(code: string): ControlError {
  const letters = code.replaceAll(/[^\w-]/g, '').slice(0, 60)
  return new ControlError({
    code,
    status: 0,
    detail: `The sign-in elsewhere did not lead in (\`${letters}\`). Try again, or ask an admin of this gateway for an invitation.`,
  })
}
