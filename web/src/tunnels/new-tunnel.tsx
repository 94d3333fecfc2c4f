import { Stack, Tabs, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { IssuedTunnelBody, TunnelBody } from '../../../src/contract/tunnels.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { useMe, useRefresh } from '../queries.ts'
import { Arrival } from './arrival.tsx'
import { CodeSteps, TokenSteps } from './steps.tsx'
import { useTunnel, useTunnelList } from './tunnel-queries.ts'

/** The two ways to a tunnel: a code that is confirmed here, and a token for a machine that nobody sits at. */
export function NewTunnel(props: { readonly onDone: () => void; readonly onDiscover: (tunnel: TunnelBody) => void }) {
  return (
    <Tabs defaultValue="code">
      <Tabs.List mb="md">
        <Tabs.Tab value="code">Somebody is at the machine</Tabs.Tab>
        <Tabs.Tab value="token">A server without a browser</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="code">
        <WithCode {...props} />
      </Tabs.Panel>
      <Tabs.Panel value="token">
        <WithToken {...props} />
      </Tabs.Panel>
    </Tabs>
  )
}

interface Ways {
  readonly onDone: () => void
  readonly onDiscover: (tunnel: TunnelBody) => void
}

function WithCode(ways: Ways) {
  const { publicUrl } = useMe()
  const { rows: tunnels } = useTunnelList({ revoked: false })
  // Whatever was not there when this opened has come by it.
  const [known] = useState(() => new Set(tunnels?.map(({ id }) => id)))
  const arrived = tunnels?.find(({ id, pairedAt }) => !known.has(id) && pairedAt !== null)
  return (
    <Stack>
      <CodeSteps publicUrl={publicUrl} />
      <Arrival tunnel={arrived} {...ways} />
    </Stack>
  )
}

function WithToken(ways: Ways) {
  const { publicUrl } = useMe()
  const refresh = useRefresh()
  const [label, setLabel] = useState('')
  const [issued, setIssued] = useState<IssuedTunnelBody>()
  const tunnel = useTunnel(issued?.id)
  const create = async () => {
    setIssued(await api('createTunnel', { body: { label: label.trim() } }))
    await refresh('tunnels', 'health')
  }
  if (issued === undefined) {
    return (
      <Form action="Make the token" onSubmit={create} onCancel={ways.onDone}>
        {(errorOf) => (
          <>
            <Text size="sm" c="dimmed">
              You get a token that works once, within an hour. Whoever has it can pair a machine: hand it over with
              care.
            </Text>
            <TextInput
              label="Label"
              description="What people call this machine."
              placeholder="gpu-box"
              required
              maxLength={64}
              value={label}
              error={errorOf('label')}
              onChange={(event) => setLabel(event.currentTarget.value)}
            />
          </>
        )}
      </Form>
    )
  }
  return (
    <Stack>
      <TokenSteps publicUrl={publicUrl} token={issued.token} expiresAt={issued.tokenExpiresAt} />
      <Arrival tunnel={tunnel} {...ways} />
    </Stack>
  )
}
