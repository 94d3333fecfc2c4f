import { Button, Group, Text } from '@mantine/core'
import type { TunnelBody } from '../../../src/contract/tunnels.ts'
import { CONNECT_COMMAND } from './pair-command.ts'
import { TunnelPill } from './tunnel-pill.tsx'

/** Follows a machine on its way in: from its first step until its link stands. */
export function Arrival(props: {
  /** `undefined`: nothing has come yet. */
  readonly tunnel: TunnelBody | undefined
  readonly onDone: () => void
  readonly onDiscover: (tunnel: TunnelBody) => void
}) {
  const { tunnel, onDone, onDiscover } = props
  const isConnected = tunnel?.state === 'connected'
  return (
    <Group justify="space-between" className="tunnel-arrival">
      <Group gap="sm" role="status">
        {tunnel !== undefined && <TunnelPill state={tunnel.state} />}
        <Text size="sm" c={isConnected ? 'var(--mantine-color-text)' : 'dimmed'}>
          {progressOf(tunnel)}
        </Text>
      </Group>
      <Group gap="xs">
        <Button variant={isConnected ? 'default' : 'filled'} onClick={onDone}>
          Done
        </Button>
        {isConnected && <Button onClick={() => onDiscover(tunnel)}>Discover its models</Button>}
      </Group>
    </Group>
  )
}

function progressOf(tunnel: TunnelBody | undefined): string {
  switch (tunnel?.state) {
    case 'connected':
      return `${tunnel.label} is here.`
    case 'away':
    case 'resuming':
      return `${tunnel.label} is paired. Now: ${CONNECT_COMMAND}`
    case 'revoked':
      return `${tunnel.label} was revoked.`
    default:
      return 'Waiting for the machine …'
  }
}
