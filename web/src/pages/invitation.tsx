import { Anchor, Button, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { CallAnswer } from '../../../src/contract/client.ts'
import { api, isSignedOut } from '../api.ts'
import { signOut } from '../auth.ts'
import { forgetLinkToken, useLinkToken } from '../link-token.ts'
import { EndState } from '../parts/end-state.tsx'
import { type Newcomer, NewcomerFields, NOBODY } from '../parts/newcomer-fields.tsx'
import { Page } from '../parts/page.tsx'
import { Problem, wordsOf } from '../parts/problem.tsx'
import { Prose } from '../parts/prose.tsx'
import { Time } from '../parts/time.tsx'
import { WaitingPage } from '../parts/whole-page.tsx'
import { useEntrance } from '../queries.ts'
import { useEnter } from '../way-in.ts'

const ROLE_WORDS = { owner: 'an owner', admin: 'an admin', member: 'a member' } as const
const SIGN_IN_AND_BACK = { to: '/ui/invitation' } as const

/** The page `/ui/invitation`: what the link is for, and the way into that org. */
export function Invitation() {
  const token = useLinkToken()
  const entrance = useEntrance()
  const invitation = useQuery({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => api('showInvitation', { body: { token }, signal }),
    enabled: token !== '',
    retry: false,
  })
  const person = useSignedIn()
  if (token === '') {
    return (
      <Page title="Open the invitation’s link">
        <Text>It was in the mail or the message that invited you. Open it again in this browser, whole as it is.</Text>
      </Page>
    )
  }
  if (invitation.error !== null) {
    return (
      <EndState tone="bad" title="This invitation leads nowhere">
        <Prose text={wordsOf(invitation.error)} />
      </EndState>
    )
  }
  if (invitation.data === undefined || entrance.data === undefined || person === undefined) return <WaitingPage />
  const { orgName, role, invitedBy, expiresAt } = invitation.data
  return (
    <Page
      title={`Join ${orgName}`}
      description={
        <>
          {invitedBy} invites you as {ROLE_WORDS[role]}. The link ends <Time at={expiresAt} />.
        </>
      }
    >
      {person !== null ? (
        <JoinAs token={token} person={person} />
      ) : (
        <JoinAsNewcomer token={token} invitation={invitation.data} hasPassword={entrance.data.hasPassword} />
      )}
    </Page>
  )
}

/** Who is signed in; null: nobody; undefined: not known yet. */
function useSignedIn(): { readonly name: string; readonly email: string } | null | undefined {
  const { data, error } = useQuery({
    queryKey: ['invitation', 'me'],
    retry: false,
    queryFn: async ({ signal }) => {
      try {
        return (await api('showMe', { signal })).person
      } catch (thrown) {
        // Nobody has to be signed in here, so that it must not open the sign-in.
        if (isSignedOut(thrown)) return null
        throw thrown
      }
    },
  })
  return error === null ? data : null
}

function JoinAs(props: { readonly token: string; readonly person: { readonly name: string; readonly email: string } }) {
  const { token, person } = props
  const enter = useEnter()
  const router = useRouter()
  const join = useMutation({
    mutationFn: async () => {
      const org = await api('acceptInvitation', { body: { token } })
      await api('chooseOrg', { body: { org: org.id } })
      forgetLinkToken()
      await enter('/ui/')
    },
  })
  const leave = useMutation({
    mutationFn: async () => {
      await signOut()
      await router.navigate({ to: '/ui/sign-in', search: SIGN_IN_AND_BACK })
    },
  })
  return (
    <Stack>
      <Text>
        You are signed in as <b>{person.name}</b> ({person.email}).
      </Text>
      <Problem error={join.error ?? leave.error} />
      <Button loading={join.isPending} onClick={() => join.mutate()}>
        Join as {person.name}
      </Button>
      <Button variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
        That is not me
      </Button>
    </Stack>
  )
}

function JoinAsNewcomer(props: {
  readonly token: string
  readonly invitation: CallAnswer<'showInvitation'>
  readonly hasPassword: boolean
}) {
  const { token, invitation, hasPassword } = props
  const enter = useEnter()
  const [newcomer, setNewcomer] = useState<Newcomer>({ ...NOBODY, email: invitation.email ?? '' })
  const join = useMutation({
    mutationFn: async () => {
      await api('acceptInvitation', { body: { token, newcomer } })
      forgetLinkToken()
      await enter('/ui/')
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    join.mutate()
  }
  if (!hasPassword) {
    return (
      <Stack>
        <Text>
          Sign in first. If you have to leave this page for it, open the invitation’s link once more afterwards.
        </Text>
        <Button renderRoot={(props) => <Link to="/ui/sign-in" search={SIGN_IN_AND_BACK} {...props} />}>Sign in</Button>
      </Stack>
    )
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <NewcomerFields value={newcomer} onChange={setNewcomer} isEmailFixed={invitation.email !== null} />
        <Problem error={join.error} />
        <Button type="submit" loading={join.isPending}>
          Create the account and join
        </Button>
        <Text size="sm">
          You have an account here?{' '}
          <Anchor inherit renderRoot={(props) => <Link to="/ui/sign-in" search={SIGN_IN_AND_BACK} {...props} />}>
            Sign in and join with it
          </Anchor>
        </Text>
      </Stack>
    </form>
  )
}
