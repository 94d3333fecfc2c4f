import { Button, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ControlError } from '../../../src/contract/control-error.ts'
import type { PairingBody, TunnelBody } from '../../../src/contract/tunnels.ts'
import { api } from '../api.ts'
import { CodeForm } from '../parts/code-form.tsx'
import { EndState } from '../parts/end-state.tsx'
import { Page } from '../parts/page.tsx'
import { PairingDecision } from '../parts/pairing-decision.tsx'
import { wordsOf } from '../parts/problem.tsx'
import { Prose } from '../parts/prose.tsx'
import { useSearchText } from '../parts/search.ts'
import { WaitingPage } from '../parts/whole-page.tsx'
import { may, useMe } from '../queries.ts'
import { CONNECT_COMMAND } from '../tunnels/pair-command.ts'

/** How one pairing has ended on this page. */
type End = { readonly kind: 'paired'; readonly tunnel: TunnelBody } | { readonly kind: 'refused' }

/** The page `/connect`: confirms an agent that asks to be paired, or refuses it. */
export function Connect() {
  const me = useMe()
  const [code, setCode] = useSearchText('code')
  const [end, setEnd] = useState<End>()
  const isAdmin = may(me, 'admin')
  const pairing = useQuery({
    queryKey: ['pairing', code],
    queryFn: ({ signal }) => api('showPairing', { params: { code }, signal }),
    enabled: isAdmin && code !== '' && end === undefined,
    retry: false,
    // What is confirmed is what was shown.
    staleTime: Number.POSITIVE_INFINITY,
  })
  const again = () => {
    setEnd(undefined)
    setCode('')
  }
  if (!isAdmin) return <NotYours />
  if (end !== undefined) return <Ended end={end} onAgain={again} />
  if (code === '') return <TypedCode onCode={setCode} />
  if (pairing.error !== null) return <NotFound error={pairing.error} code={code} onCode={setCode} onAgain={again} />
  if (pairing.data === undefined) return <WaitingPage />
  if (pairing.data.state !== 'pending') return <Used state={pairing.data.state} onAgain={again} />
  return (
    <PairingDecision
      pairing={pairing.data}
      onPaired={(tunnel) => setEnd({ kind: 'paired', tunnel })}
      onRefused={() => setEnd({ kind: 'refused' })}
    />
  )
}

function TypedCode(props: {
  readonly onCode: (code: string) => void
  readonly error?: unknown
  readonly code?: string
}) {
  return (
    <CodeForm
      title="Pair an agent"
      description={
        <>
          <code>./punku pair</code> shows the code in its terminal, beside the model server.
        </>
      }
      example="9KV-DU6"
      {...props}
    />
  )
}

function Ended({ end, onAgain }: { readonly end: End; readonly onAgain: () => void }) {
  if (end.kind === 'refused') {
    return (
      <EndState tone="bad" title="Refused" action={<Again onAgain={onAgain} />}>
        The agent gets nothing. The terminal beside the model server says so and stops.
      </EndState>
    )
  }
  return (
    <EndState
      tone="good"
      title={`${end.tunnel.label} is paired`}
      action={
        <Stack gap="xs">
          <Button component={Link} to="/ui/tunnels">
            See it connect
          </Button>
          <Again onAgain={onAgain} />
        </Stack>
      }
    >
      The terminal beside the model server says so, and what is left to do there: run <code>{CONNECT_COMMAND}</code>.
      The models are here for as long as that runs.
    </EndState>
  )
}

function NotFound(props: {
  readonly error: Error
  readonly code: string
  readonly onCode: (code: string) => void
  readonly onAgain: () => void
}) {
  const { error, code, onCode, onAgain } = props
  if (error instanceof ControlError && error.code === 'pairing_expired') {
    return (
      <EndState tone="idle" title="This code has expired" action={<Again onAgain={onAgain} />}>
        <Prose text={wordsOf(error)} />
      </EndState>
    )
  }
  return <TypedCode onCode={onCode} code={code} error={error} />
}

function Used({ state, onAgain }: { readonly state: PairingBody['state']; readonly onAgain: () => void }) {
  return (
    <EndState tone="idle" title="This code was used" action={<Again onAgain={onAgain} />}>
      {state === 'approved'
        ? `The agent was confirmed, here or elsewhere. Its terminal says what is left to do there: run ${CONNECT_COMMAND}.`
        : 'The agent was refused, here or elsewhere.'}
    </EndState>
  )
}

function Again({ onAgain }: { readonly onAgain: () => void }) {
  return (
    <Button variant="default" onClick={onAgain}>
      Enter another code
    </Button>
  )
}

/** Admins that a member is told of. */
const MAX_NAMED = 10

/** To a member: who can. */
function NotYours() {
  const me = useMe()
  const members = useQuery({
    queryKey: ['members', 'admins'],
    queryFn: async ({ signal }) =>
      (await api('listMembers', { query: { role: 'admin', limit: MAX_NAMED }, signal })).members,
    enabled: me.org !== null,
  })
  const admins = members.data?.map(({ person }) => person.name) ?? []
  return (
    <Page title="An admin confirms this">
      <Stack>
        <Text>
          An agent brings models to {me.org?.name ?? 'an org'}, so one of its admins decides. Send them the link or the
          code.
        </Text>
        {admins.length > 0 && (
          <Text>You can ask {new Intl.ListFormat(undefined, { type: 'disjunction' }).format(admins)}.</Text>
        )}
        <Button component={Link} to="/ui/" variant="default">
          To the overview
        </Button>
      </Stack>
    </Page>
  )
}
