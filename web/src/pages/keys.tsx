import { Button } from '@mantine/core'
import { IconKey, IconPlus, IconSearch } from '@tabler/icons-react'
import { useState } from 'react'
import type { KeyBody } from '../../../src/contract/keys.ts'
import { api } from '../api.ts'
import { ChangeKey } from '../keys/change-key.tsx'
import { useKeyPowers } from '../keys/key-powers.ts'
import { useKeyList, usePlaceKey } from '../keys/key-queries.ts'
import { KeyTable } from '../keys/key-table.tsx'
import { ruleSentences } from '../keys/key-words.ts'
import '../keys/keys.css'
import { NewKey } from '../keys/new-key.tsx'
import { RotateKey } from '../keys/rotate-key.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { Dialog, useDialog } from '../parts/dialog.tsx'
import { Empty } from '../parts/empty.tsx'
import { LateInput } from '../parts/late-input.tsx'
import { MoreRows } from '../parts/more-rows.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { useSearchText } from '../parts/search.ts'

/** Fewer are found by looking. */
const MANY_KEYS = 10

/** The page `/ui/keys`: what clients present. */
export function Keys() {
  const { isAdmin, rules } = useKeyPowers()
  const place = usePlaceKey()
  const [q, setQ] = useSearchText('q')
  const keys = useKeyList({ revoked: false, q })
  const making = useDialog<true>()
  const changing = useDialog<KeyBody>()
  const rotating = useDialog<KeyBody>()
  const revoking = useDialog<KeyBody>()
  const actions = { onChange: changing.open, onRotate: rotating.open, onRevoke: revoking.open }
  const revoke = async (key: string) => {
    place(await api('revokeKey', { params: { key } }))
  }
  const mayMake = rules === undefined || rules.max > 0
  const newButton = mayMake && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => making.open(true)}>
      New key
    </Button>
  )
  return (
    <Page
      title="Keys"
      description={
        isAdmin
          ? 'What clients of this org present, and what each may do. One for each person and tool, so that each can be ended alone.'
          : 'What your own clients present. One for each tool, so that each can be ended alone.'
      }
      actions={newButton}
    >
      {rules !== undefined && <p className="key-rules">{ruleSentences({ memberKeys: rules }).join(' ')}</p>}
      {(q !== '' || (keys.rows?.length ?? 0) > MANY_KEYS) && (
        <search className="list-search">
          <LateInput label="Find a key" placeholder="Name or id" value={q} onChange={setQ} />
        </search>
      )}
      <Problem error={keys.error} onRetry={keys.retry} />
      {(keys.rows !== undefined || keys.error === null) &&
        (keys.rows?.length !== 0 ? (
          <KeyTable label="Keys" keys={keys.rows} hasOwners={isAdmin} actions={actions} />
        ) : q !== '' ? (
          <Empty icon={IconSearch} title="No key that lasts is called that">
            Look for another part of its name or id. Those that were revoked are below.
          </Empty>
        ) : (
          <Empty icon={IconKey} title="No keys yet" action={newButton}>
            {mayMake
              ? 'A client reaches the models with a key. Make one, and paste the ready-made lines into your client.'
              : 'In this org members make no keys of their own: ask an admin for one.'}
          </Empty>
        ))}
      <MoreRows list={keys} />
      <RevokedKeys q={q} hasOwners={isAdmin} />
      <Dialog isOpen={making.isOpen} onClose={making.close} title="New key" isWide>
        <NewKey onDone={making.close} />
      </Dialog>
      <Dialog isOpen={changing.isOpen} onClose={changing.close} title={`Change ${changing.subject?.name ?? ''}`} isWide>
        {changing.subject !== undefined && <ChangeKey keyBody={changing.subject} onDone={changing.close} />}
      </Dialog>
      <Dialog isOpen={rotating.isOpen} onClose={rotating.close} title={`Rotate ${rotating.subject?.name ?? ''}`} isWide>
        {rotating.subject !== undefined && <RotateKey keyBody={rotating.subject} onDone={rotating.close} />}
      </Dialog>
      <Confirm
        isOpen={revoking.isOpen}
        onClose={revoking.close}
        title={`Revoke ${revoking.subject?.name ?? ''}?`}
        action="Revoke the key"
        onConfirm={() => revoke(revoking.subject?.id ?? '')}
      >
        It ends for good. Within a second answers under way are cut, and whoever presents it is refused. Its usage stays
        in the record.
      </Confirm>
    </Page>
  )
}

/** Read when they are looked at: there may be far more of them than of those that last. */
function RevokedKeys({ q, hasOwners }: { readonly q: string; readonly hasOwners: boolean }) {
  const [isOpen, setOpen] = useState(false)
  const keys = useKeyList({ revoked: true, q }, isOpen)
  return (
    <details className="folded" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Revoked</summary>
      {isOpen && (
        <>
          <Problem error={keys.error} onRetry={keys.retry} />
          {keys.rows?.length === 0 ? (
            <p className="dimmed">None.</p>
          ) : (
            <KeyTable label="Revoked keys" keys={keys.rows} hasOwners={hasOwners} actions={undefined} />
          )}
          <MoreRows list={keys} />
        </>
      )}
    </details>
  )
}
