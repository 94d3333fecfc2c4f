import { Button } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import type { KeyBody } from '../../../src/control/contract/keys.ts'
import { api } from '../api.ts'
import { ChangeKey } from '../keys/change-key.tsx'
import { useKeyPowers } from '../keys/key-powers.ts'
import { KeyTable } from '../keys/key-table.tsx'
import { ruleSentences } from '../keys/key-words.ts'
import '../keys/keys.css'
import { NewKey } from '../keys/new-key.tsx'
import { RotateKey } from '../keys/rotate-key.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { Dialog, useDialog } from '../parts/dialog.tsx'
import { Empty } from '../parts/empty.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { useKeys, useRefresh } from '../queries.ts'

/** The page `/ui/keys`: what clients present. */
export function Keys() {
  const { isAdmin, rules } = useKeyPowers()
  const refresh = useRefresh()
  const keys = useKeys()
  const making = useDialog<true>()
  const changing = useDialog<KeyBody>()
  const rotating = useDialog<KeyBody>()
  const revoking = useDialog<KeyBody>()
  const live = keys.data?.filter(({ state }) => state !== 'revoked')
  const ended = keys.data?.filter(({ state }) => state === 'revoked') ?? []
  const actions = { onChange: changing.open, onRotate: rotating.open, onRevoke: revoking.open }
  const revoke = async (key: string) => {
    await api('delete', '/keys/{key}', { params: { key } })
    await refresh('keys', 'health')
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
      <Problem error={keys.error} onRetry={() => void keys.refetch()} />
      {keys.error === null &&
        (live?.length === 0 ? (
          <Empty icon={IconKey} title="No keys yet" action={newButton}>
            {mayMake
              ? 'A client reaches the models with a key. Make one, and paste the ready-made lines into your client.'
              : 'In this org members make no keys of their own: ask an admin for one.'}
          </Empty>
        ) : (
          <KeyTable label="Keys" keys={live} hasOwners={isAdmin} actions={actions} />
        ))}
      {ended.length > 0 && (
        <details className="folded">
          <summary>Revoked ({ended.length})</summary>
          <KeyTable label="Revoked keys" keys={ended} hasOwners={isAdmin} actions={undefined} />
        </details>
      )}
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
