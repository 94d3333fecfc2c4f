import { Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { IssuedTunnelBody, TunnelBody } from '../../../src/control/contract/tunnels.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { useMe, useRefresh, useTunnels } from '../queries.ts'
import { Arrival } from './arrival.tsx'
import { TokenSteps } from './steps.tsx'

/** Ends a tunnel's credential and gives the command for the next. */
export function RotateTunnel(props: {
  readonly tunnel: TunnelBody
  readonly onDone: () => void
  readonly onDiscover: (tunnel: TunnelBody) => void
}) {
  const { tunnel, onDone, onDiscover } = props
  const { publicUrl } = useMe()
  const refresh = useRefresh()
  const { data: tunnels } = useTunnels()
  const [issued, setIssued] = useState<IssuedTunnelBody>()
  const rotate = async () => {
    setIssued(await api('post', '/tunnels/{tunnel}/rotate', { params: { tunnel: tunnel.id } }))
    await refresh('tunnels', 'upstreams', 'models', 'health')
  }
  if (issued === undefined) {
    return (
      <Form action="Rotate the credential" onSubmit={rotate} onCancel={onDone}>
        {() => (
          <Text size="sm">
            The credential that the machine has ends at once, and so do its link and its running requests. The tunnel
            stays, with its label and its history. You get a new token, to pair the machine again.
          </Text>
        )}
      </Form>
    )
  }
  return (
    <Stack>
      <TokenSteps publicUrl={publicUrl} token={issued.token} expiresAt={issued.tokenExpiresAt} replaces />
      <Arrival tunnel={tunnels?.find(({ id }) => id === issued.id)} onDone={onDone} onDiscover={onDiscover} />
    </Stack>
  )
}
