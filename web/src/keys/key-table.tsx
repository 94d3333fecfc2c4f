import { IconKeyOff, IconPencil, IconRefresh } from '@tabler/icons-react'
import type { KeyBody } from '../../../src/contract/keys.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { formatNumber, formatShort } from '../parts/format.ts'
import { RowMenu } from '../parts/row-menu.tsx'
import { StatePill } from '../parts/state-pill.tsx'
import { Time, useNow } from '../parts/time.tsx'
import { scopeLines } from './key-terms.ts'
import { keyState } from './key-words.ts'
import { isCut, useRecentUsage } from './recent-usage.ts'

/** What can be done with a key. */
export interface KeyActions {
  readonly onChange: (key: KeyBody) => void
  readonly onRotate: (key: KeyBody) => void
  readonly onRevoke: (key: KeyBody) => void
}

/** Keys, and what becomes of them. @param props.actions `undefined`: they have ended for good */
export function KeyTable(props: {
  readonly label: string
  readonly keys: readonly KeyBody[] | undefined
  /** All of the org's, not one's own alone. */
  readonly hasOwners: boolean
  readonly actions: KeyActions | undefined
}) {
  const { label, keys, hasOwners, actions } = props
  const now = useNow()
  const usage = useRecentUsage()
  const columns: readonly (Column<KeyBody> | false)[] = [
    {
      name: 'Key',
      isHeading: true,
      cell: ({ name, id }) => (
        <span>
          {name}
          <span className="row-detail row-address mono">pk_{id}_…</span>
        </span>
      ),
    },
    {
      name: 'State',
      cell: (key) => {
        const { tone, words } = keyState(key, now)
        return <StatePill tone={tone}>{words}</StatePill>
      },
    },
    hasOwners && { name: 'Owner', cell: ({ ownerId, ownerName }) => (ownerId === null ? 'The org' : ownerName) },
    { name: 'May use', cell: (key) => <Scope lines={scopeLines(key)} /> },
    {
      name: 'Last 30 days',
      isNumber: true,
      cell: ({ id }) => {
        const group = usage?.get(id)
        if (group === undefined) return usage === undefined || isCut(usage) ? '' : formatNumber(0)
        return (
          <span>
            {formatNumber(group.requests)} {group.requests === 1 ? 'request' : 'requests'}
            <span className="row-detail">{formatShort(group.promptTokens + group.completionTokens)} tokens</span>
          </span>
        )
      },
    },
    { name: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
    {
      name: 'Ends',
      cell: ({ state, revokedAt, expiresAt }) => <Time at={state === 'revoked' ? revokedAt : expiresAt} />,
    },
    actions !== undefined && {
      name: 'Actions',
      isActions: true,
      cell: (key) => <Actions of={key} actions={actions} />,
    },
  ]
  return (
    <DataTable
      label={label}
      rows={keys}
      rowKey={({ id }) => id}
      columns={columns.filter((column) => column !== false)}
    />
  )
}

function Scope({ lines }: { readonly lines: readonly string[] }) {
  const [models, ...more] = lines
  return (
    <span>
      {models}
      {more.map((line) => (
        <span key={line} className="row-detail">
          {line}
        </span>
      ))}
    </span>
  )
}

function Actions({ of: key, actions }: { readonly of: KeyBody; readonly actions: KeyActions }) {
  return (
    <RowMenu
      label={`Actions for ${key.name}`}
      actions={[
        { name: 'Change', icon: IconPencil, onClick: () => actions.onChange(key) },
        { name: 'Rotate', icon: IconRefresh, onClick: () => actions.onRotate(key) },
        { name: 'Revoke', icon: IconKeyOff, isDangerous: true, onClick: () => actions.onRevoke(key) },
      ]}
    />
  )
}
