import { Button } from '@mantine/core'
import { IconPlus, IconRouteAltLeft } from '@tabler/icons-react'
import { useState } from 'react'
import type { TunnelBody } from '../../../src/contract/tunnels.ts'
import { api } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Dialog, useDialog } from '../parts/dialog.tsx'
import { Empty } from '../parts/empty.tsx'
import { MoreRows } from '../parts/more-rows.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { may, useMe, useRefresh } from '../queries.ts'
import { NewTunnel } from '../tunnels/new-tunnel.tsx'
import { RenameTunnel } from '../tunnels/rename-tunnel.tsx'
import { RotateTunnel } from '../tunnels/rotate-tunnel.tsx'
import { useTunnelList } from '../tunnels/tunnel-queries.ts'
import { RevokedTable, TunnelTable } from '../tunnels/tunnel-table.tsx'
import '../tunnels/tunnels.css'
import { DiscoverDialog, type Discovered } from '../upstreams/discover.tsx'

/** The page `/ui/tunnels`: the machines that serve their models through this gateway. */
export function Tunnels() {
  const isAdmin = may(useMe(), 'admin')
  const refresh = useRefresh()
  const tunnels = useTunnelList({ revoked: false })
  const making = useDialog<true>()
  const renaming = useDialog<TunnelBody>()
  const rotating = useDialog<TunnelBody>()
  const revoking = useDialog<TunnelBody>()
  const discovering = useDialog<Discovered>()
  const revoke = async (tunnel: string) => {
    await api('revokeTunnel', { params: { tunnel } })
    await refresh('tunnels', 'upstreams', 'models', 'health')
  }
  const discoverAfter = (close: () => void) => (tunnel: TunnelBody) => {
    close()
    discovering.open(tunnel)
  }
  const newButton = isAdmin && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => making.open(true)}>
      New tunnel
    </Button>
  )
  return (
    <Page
      title="Tunnels"
      description="Machines that serve their models through this gateway. Each opens one outbound connection, and no port."
      actions={newButton}
    >
      <Problem error={tunnels.error} onRetry={tunnels.retry} />
      {tunnels.error === null &&
        (tunnels.rows?.length === 0 ? (
          <Empty icon={IconRouteAltLeft} title="No tunnels yet" action={newButton}>
            {isAdmin
              ? 'A machine behind any firewall is connected in a minute, with two commands on it.'
              : 'An admin of this org can connect a machine.'}
          </Empty>
        ) : (
          <TunnelTable
            tunnels={tunnels.rows}
            actions={
              isAdmin
                ? {
                    onDiscover: discovering.open,
                    onRename: renaming.open,
                    onRotate: rotating.open,
                    onRevoke: revoking.open,
                  }
                : undefined
            }
          />
        ))}
      <MoreRows list={tunnels} />
      <RevokedTunnels />
      <Dialog isOpen={making.isOpen} onClose={making.close} title="New tunnel" isWide>
        <NewTunnel onDone={making.close} onDiscover={discoverAfter(making.close)} />
      </Dialog>
      <Dialog isOpen={renaming.isOpen} onClose={renaming.close} title={`Rename ${renaming.subject?.label ?? ''}`}>
        {renaming.subject !== undefined && <RenameTunnel tunnel={renaming.subject} onDone={renaming.close} />}
      </Dialog>
      <Dialog
        isOpen={rotating.isOpen}
        onClose={rotating.close}
        title={`Rotate ${rotating.subject?.label ?? ''}`}
        isWide
      >
        {rotating.subject !== undefined && (
          <RotateTunnel tunnel={rotating.subject} onDone={rotating.close} onDiscover={discoverAfter(rotating.close)} />
        )}
      </Dialog>
      <Confirm
        isOpen={revoking.isOpen}
        onClose={revoking.close}
        title={`Revoke ${revoking.subject?.label ?? ''}?`}
        action="Revoke the tunnel"
        onConfirm={() => revoke(revoking.subject?.id ?? '')}
      >
        {revoking.subject !== undefined && <WhatEnds tunnel={revoking.subject} />}
      </Confirm>
      <DiscoverDialog state={discovering} />
    </Page>
  )
}

/** Read when they are looked at: no limit holds those that have ended. */
function RevokedTunnels() {
  const [isOpen, setOpen] = useState(false)
  const tunnels = useTunnelList({ revoked: true }, isOpen)
  return (
    <details className="folded" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Revoked</summary>
      {isOpen && (
        <>
          <Problem error={tunnels.error} onRetry={tunnels.retry} />
          {tunnels.rows?.length === 0 ? <p className="dimmed">None.</p> : <RevokedTable tunnels={tunnels.rows} />}
          <MoreRows list={tunnels} />
        </>
      )}
    </details>
  )
}

function WhatEnds({ tunnel }: { readonly tunnel: TunnelBody }) {
  const streams = tunnel.streams ?? 0
  return (
    <>
      It ends for good. Within a second its link is cut
      {streams > 0 && `, with the ${streams === 1 ? 'request' : `${streams} requests`} running over it`}, and models
      that only this machine has can no longer be asked for. To come back, the machine has to be paired anew.
    </>
  )
}
