import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ControlError } from '../../../src/contract/control-error.ts'
import type { PairingBody, TunnelBody } from '../../../src/contract/tunnels.ts'
import { api } from '../api.ts'
import { useMe } from '../queries.ts'
import { Facts } from './facts.tsx'
import { Page } from './page.tsx'
import { Problem } from './problem.tsx'
import { Time } from './time.tsx'

/** Who asks to be paired, and the decision. */
export function PairingDecision(props: {
  readonly pairing: PairingBody
  readonly onPaired: (tunnel: TunnelBody) => void
  readonly onRefused: () => void
}) {
  const { pairing, onPaired, onRefused } = props
  const { org } = useMe()
  const [label, setLabel] = useState(pairing.label)
  const params = { code: pairing.userCode }
  const approve = useMutation({
    mutationFn: () => api('approvePairing', { params, body: { label } }),
    onSuccess: onPaired,
  })
  const deny = useMutation({ mutationFn: () => api('denyPairing', { params }), onSuccess: onRefused })
  const isBusy = approve.isPending || deny.isPending
  const submit = (event: FormEvent) => {
    event.preventDefault()
    approve.mutate()
  }
  return (
    <Page title="Pair this agent?" description="Compare this code with the one in the terminal. They must be the same.">
      <form onSubmit={submit}>
        <Stack>
          <p className="big-code">{pairing.userCode}</p>
          <Facts
            rows={[
              ['Machine', <Said key="machine" text={pairing.machine} />],
              ['Platform', <Said key="platform" text={pairing.platform} />],
              ['Software', <Said key="software" text={pairing.software} />],
              ['Address', <bdi key="address">{pairing.address}</bdi>],
              ['Asked', <Time key="asked" at={pairing.requestedAt} />],
              ['Code ends', <Time key="ends" at={pairing.expiresAt} />],
            ]}
          />
          <Text size="sm" c="dimmed">
            The address is what the gateway saw; the rest is what the agent says of itself. Once paired with{' '}
            {org?.name ?? 'the org'}, it gets the requests for the models it offers. Refuse what you did not start.
          </Text>
          <TextInput
            label="Label"
            description="What the tunnel is called here."
            value={label}
            onChange={({ currentTarget }) => setLabel(currentTarget.value)}
            required
            maxLength={64}
            autoComplete="off"
            spellCheck={false}
          />
          <Problem error={approve.error ?? deny.error} {...titleOf(approve.error)} />
          <Group grow>
            <Button variant="default" disabled={isBusy} onClick={() => deny.mutate()}>
              Refuse
            </Button>
            <Button type="submit" loading={isBusy}>
              Confirm
            </Button>
          </Group>
        </Stack>
      </form>
    </Page>
  )
}

function titleOf(error: Error | null): { title?: string } {
  const isFull = error instanceof ControlError && error.code === 'tunnel_limit_reached'
  return isFull ? { title: 'This org has all the tunnels it may have' } : {}
}

/** An agent's own words: whichever way they are written, they do not turn the rest of the line around. */
function Said({ text }: { readonly text: string }) {
  return text === '' ? 'not said' : <bdi>{text}</bdi>
}
