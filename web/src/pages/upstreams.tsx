import { Anchor, Button, Group } from '@mantine/core'
import { IconPencil, IconPlus, IconServer, IconTrash } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { UpstreamBody } from '../../../src/contract/upstreams.ts'
import { api } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { Dialog, useDialog } from '../parts/dialog.tsx'
import { Empty } from '../parts/empty.tsx'
import { formatNumber } from '../parts/format.ts'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { RowMenu } from '../parts/row-menu.tsx'
import { StatePill } from '../parts/state-pill.tsx'
import { Time } from '../parts/time.tsx'
import { may, useMe, useRefresh, useUpstreams } from '../queries.ts'
import { DiscoverDialog, type Discovered } from '../upstreams/discover.tsx'
import { Exposure } from '../upstreams/exposure.tsx'
import { ChangeUpstream, NewUpstream } from '../upstreams/upstream-form.tsx'
import { kindWords, serverWords, sourceWords, UPSTREAM_STATES } from '../upstreams/upstream-words.ts'

/** The page `/ui/upstreams`: where the models are. */
export function Upstreams() {
  const me = useMe()
  const refresh = useRefresh()
  const upstreams = useUpstreams()
  const adding = useDialog<true>()
  const changing = useDialog<UpstreamBody>()
  const removing = useDialog<UpstreamBody>()
  const discovering = useDialog<Discovered>()
  const mayAdd = may(me, 'system')
  const remove = async (upstream: string) => {
    await api('removeUpstream', { params: { upstream } })
    await refresh('upstreams', 'models', 'health')
  }
  const addButton = mayAdd && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => adding.open(true)}>
      Add an upstream
    </Button>
  )
  const actions: Column<UpstreamBody> = {
    name: 'Actions',
    isActions: true,
    cell: (upstream) => (
      <Group gap={4} wrap="nowrap" justify="flex-end">
        <Button size="xs" variant="default" onClick={() => discovering.open(upstream)}>
          Discover models
        </Button>
        {mayAdd && upstream.source === 'added' && (
          <RowMenu
            label={`Actions for ${upstream.label}`}
            actions={[
              { name: 'Change', icon: IconPencil, onClick: () => changing.open(upstream) },
              { name: 'Remove', icon: IconTrash, isDangerous: true, onClick: () => removing.open(upstream) },
            ]}
          />
        )}
      </Group>
    ),
  }
  return (
    <Page
      title="Upstreams"
      description="The model servers behind this gateway. A request goes to one that is up and has its model."
      actions={addButton}
    >
      <Problem error={upstreams.error} onRetry={() => void upstreams.refetch()} />
      {upstreams.data
        ?.filter(({ isExposed }) => isExposed)
        .map((upstream) => (
          <Exposure key={upstream.id} upstream={upstream} />
        ))}
      {upstreams.error === null && (
        <DataTable
          label="Upstreams"
          rows={upstreams.data}
          rowKey={({ id }) => id}
          columns={may(me, 'admin') ? [...COLUMNS, actions] : COLUMNS}
          empty={<NoUpstreams mayPair={may(me, 'admin')} addButton={addButton} />}
        />
      )}
      <Dialog isOpen={adding.isOpen} onClose={adding.close} title="Add an upstream">
        <NewUpstream onDone={adding.close} />
      </Dialog>
      <Dialog isOpen={changing.isOpen} onClose={changing.close} title={`Change ${changing.subject?.label ?? ''}`}>
        {changing.subject !== undefined && <ChangeUpstream upstream={changing.subject} onDone={changing.close} />}
      </Dialog>
      <Confirm
        isOpen={removing.isOpen}
        onClose={removing.close}
        title={`Remove ${removing.subject?.label ?? ''}?`}
        action="Remove the upstream"
        onConfirm={() => remove(removing.subject?.id ?? '')}
      >
        Its running requests end at once, and models that only it has can no longer be asked for. The model server
        itself is left as it is.
      </Confirm>
      <DiscoverDialog state={discovering} />
    </Page>
  )
}

const COLUMNS: readonly Column<UpstreamBody>[] = [
  {
    name: 'Upstream',
    isHeading: true,
    cell: ({ label, url }) => (
      <span>
        {label}
        {url !== null && (
          <span className="row-detail row-address mono" title={url}>
            {url}
          </span>
        )}
      </span>
    ),
  },
  { name: 'State', cell: (upstream) => <State upstream={upstream} /> },
  {
    name: 'Server',
    cell: (upstream) => (
      <span>
        {serverWords(upstream)}
        {upstream.server !== null && <span className="row-detail">{kindWords(upstream)}</span>}
      </span>
    ),
  },
  { name: 'Models', isNumber: true, cell: ({ modelCount }) => formatNumber(modelCount) },
  { name: 'Live requests', isNumber: true, cell: ({ liveExchanges }) => formatNumber(liveExchanges) },
  {
    name: 'Comes from',
    cell: (upstream) =>
      upstream.source === 'tunnel' ? (
        <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/ui/tunnels" />}>
          {sourceWords(upstream)}
        </Anchor>
      ) : (
        sourceWords(upstream)
      ),
  },
]

function State({ upstream }: { readonly upstream: UpstreamBody }) {
  const { state, reason, checkedAt } = upstream
  const { tone, words } = UPSTREAM_STATES[state]
  return (
    <span>
      <StatePill tone={tone}>{words}</StatePill>
      {reason !== '' && <span className="row-detail">{reason}</span>}
      {state !== 'unprobed' && (
        <span className="row-detail">
          asked <Time at={checkedAt} />
        </span>
      )}
    </span>
  )
}

function NoUpstreams({ mayPair, addButton }: { readonly mayPair: boolean; readonly addButton: ReactNode }) {
  return (
    <Empty
      icon={IconServer}
      title="No model server yet"
      action={
        mayPair && (
          <Group justify="center">
            <Button component={Link} to="/ui/tunnels" variant={addButton === false ? 'filled' : 'default'}>
              Connect one with a tunnel
            </Button>
            {addButton}
          </Group>
        )
      }
    >
      {mayPair
        ? 'A model server on another machine is connected with a tunnel, and needs no open port there.'
        : 'An admin of this org can connect one.'}
    </Empty>
  )
}
