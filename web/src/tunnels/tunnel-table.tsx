import { Button, Group } from '@mantine/core'
import { IconPencil, IconPlugConnectedX, IconRefresh } from '@tabler/icons-react'
import type { TunnelBody } from '../../../src/contract/tunnels.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { formatMs, formatNumber, UNKNOWN } from '../parts/format.ts'
import { RowMenu } from '../parts/row-menu.tsx'
import { Time } from '../parts/time.tsx'
import { TunnelPill } from './tunnel-pill.tsx'
import { platformWords } from './tunnel-words.ts'

/** What can be done with a tunnel, for who may. */
export interface TunnelActions {
  readonly onDiscover: (tunnel: TunnelBody) => void
  readonly onRename: (tunnel: TunnelBody) => void
  readonly onRotate: (tunnel: TunnelBody) => void
  readonly onRevoke: (tunnel: TunnelBody) => void
}

/** The tunnels that live. @param props.actions `undefined`: the reader may only look */
export function TunnelTable(props: {
  readonly tunnels: readonly TunnelBody[] | undefined
  readonly actions: TunnelActions | undefined
}) {
  const { tunnels, actions } = props
  return (
    <DataTable
      label="Tunnels"
      rows={tunnels}
      rowKey={({ id }) => id}
      columns={actions === undefined ? COLUMNS : [...COLUMNS, actionColumn(actions)]}
    />
  )
}

/** The tunnels that have ended. */
export function RevokedTable({ tunnels }: { readonly tunnels: readonly TunnelBody[] | undefined }) {
  return (
    <DataTable
      label="Revoked tunnels"
      rows={tunnels}
      rowKey={({ id }) => id}
      isFaded={() => true}
      columns={[
        { name: 'Tunnel', isHeading: true, cell: ({ label }) => label },
        { name: 'State', cell: ({ state }) => <TunnelPill state={state} /> },
        { name: 'Revoked', cell: ({ revokedAt }) => <Time at={revokedAt} /> },
        { name: 'Last seen', cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
        { name: 'Machine', cell: ({ machine }) => machine?.name ?? UNKNOWN },
      ]}
    />
  )
}

const COLUMNS: readonly Column<TunnelBody>[] = [
  {
    name: 'Tunnel',
    isHeading: true,
    cell: ({ label, machine }) => (
      <span>
        {label}
        {machine !== null && machine.name !== label && <span className="row-detail">{machine.name}</span>}
      </span>
    ),
  },
  { name: 'State', cell: ({ state }) => <TunnelPill state={state} /> },
  {
    name: 'Platform',
    cell: ({ machine }) =>
      machine === null ? (
        UNKNOWN
      ) : (
        <span>
          {platformWords(machine)}
          <span className="row-detail">{machine.software.replace('/', ' ')}</span>
        </span>
      ),
  },
  { name: 'Round trip', isNumber: true, cell: ({ roundTripMs }) => formatMs(roundTripMs) },
  { name: 'Streams', isNumber: true, cell: ({ streams }) => formatNumber(streams) },
  {
    name: 'Last seen',
    cell: ({ state, lastSeenAt, address }) => (
      <span>
        {state === 'connected' ? 'now' : <Time at={lastSeenAt} />}
        {address !== null && <span className="row-detail mono">{address}</span>}
      </span>
    ),
  },
]

function actionColumn({ onDiscover, onRename, onRotate, onRevoke }: TunnelActions): Column<TunnelBody> {
  return {
    name: 'Actions',
    isActions: true,
    cell: (tunnel) => (
      <Group gap={4} wrap="nowrap" justify="flex-end">
        {tunnel.state === 'connected' && (
          <Button size="xs" variant="default" onClick={() => onDiscover(tunnel)}>
            Discover models
          </Button>
        )}
        <RowMenu
          label={`Actions for ${tunnel.label}`}
          actions={[
            { name: 'Rename', icon: IconPencil, onClick: () => onRename(tunnel) },
            { name: 'Rotate the credential', icon: IconRefresh, onClick: () => onRotate(tunnel) },
            { name: 'Revoke', icon: IconPlugConnectedX, isDangerous: true, onClick: () => onRevoke(tunnel) },
          ]}
        />
      </Group>
    ),
  }
}
