import { Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { IssuedTunnelBody, TunnelBody } from '../../../src/contract/tunnels.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { useMe, useRefresh } from '../queries.ts'
import { Arrival } from './arrival.tsx'
import { TokenSteps } from './steps.tsx'
import { useTunnel } from './tunnel-queries.ts'

/** Ends a tunnel's credential and gives the command for the next. */
export function RotateTunnel(props: {
  readonly tunnel: TunnelBody
  readonly onDone: () => void
  readonly onDiscover: (tunnel: TunnelBody) => void
}) {
  const { tunnel, onDone, onDiscover } = props
  const { publicUrl } = useMe()
  const refresh = useRefresh()
  const [issued, setIssued] = useState<IssuedTunnelBody>()
  const now = useTunnel(issued?.id)
  const rotate = async () => {
    setIssued(await api('rotateTunnel', { params: { tunnel: tunnel.id } }))
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
      <Arrival tunnel={now} onDone={onDone} onDiscover={onDiscover} />
    </Stack>
  )
}
