import { Button, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { api } from '../api.ts'
import { forgetLinkToken, useLinkToken } from '../link-token.ts'
import { NewcomerFields, NOBODY } from '../parts/newcomer-fields.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { WaitingPage } from '../parts/whole-page.tsx'
import { useEntrance } from '../queries.ts'
import { useEnter } from '../way-in.ts'

/** The page `/ui/setup`: the first person of a gateway, by the link that it printed. */
export function Setup() {
  const token = useLinkToken()
  const entrance = useEntrance()
  if (entrance.data === undefined && entrance.error === null) return <WaitingPage />
  if (entrance.data?.needsSetup === false) {
    return (
      <Page title="This gateway is set up" description="Its first account exists. Others come in by invitation.">
        <Button component={Link} to="/ui/sign-in" fullWidth>
          Sign in
        </Button>
      </Page>
    )
  }
  if (token === '') {
    return (
      <Page title="Open the setup link" description="Nobody has an account on this gateway yet.">
        <Text>
          It shows that the gateway is yours. <code>punku people setup</code> prints one on the gateway's own machine;
          in a clone of Punku that is <code>./punku people setup</code>. The gateway itself has printed one too, where
          it was started in a terminal. Open it in this browser.
        </Text>
      </Page>
    )
  }
  return <SetupForm token={token} />
}

function SetupForm({ token }: { readonly token: string }) {
  const enter = useEnter()
  const [newcomer, setNewcomer] = useState(NOBODY)
  const setUp = useMutation({
    mutationFn: async () => {
      await api('setUp', { body: { token, ...newcomer } })
      forgetLinkToken()
      await enter('/ui/')
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setUp.mutate()
  }
  return (
    <Page
      title="Welcome to your gateway"
      description="One account, yours, and it is ready. You can invite others later."
    >
      <form onSubmit={submit}>
        <Stack>
          <NewcomerFields value={newcomer} onChange={setNewcomer} />
          <Problem error={setUp.error} />
          <Button type="submit" loading={setUp.isPending}>
            Create the account
          </Button>
        </Stack>
      </form>
    </Page>
  )
}
