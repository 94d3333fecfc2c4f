import { Button, Text } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { addPasskey, hasPasskeys, listPasskeys, type Passkey, removePasskey } from '../auth.ts'
import { Confirm } from '../parts/confirm.tsx'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { Time } from '../parts/time.tsx'
import { softwareName } from './software.ts'

/** Passkeys: a sign-in by fingerprint, face or PIN, without a password. */
export function PasskeysSection() {
  const queries = useQueryClient()
  const [leaving, setLeaving] = useState<Passkey>()
  const passkeys = useQuery({ queryKey: ['passkeys'], queryFn: listPasskeys })
  const renew = () => queries.invalidateQueries({ queryKey: ['passkeys'] })
  const add = useMutation({ mutationFn: () => addPasskey(softwareName(navigator.userAgent)), onSuccess: renew })
  const remove = async () => {
    if (leaving !== undefined) await removePasskey(leaving.id)
    await renew()
  }
  const columns: readonly Column<Passkey>[] = [
    { name: 'Name', isHeading: true, cell: nameOf },
    { name: 'Added', cell: ({ createdAt }) => <Time at={createdAt} none="not known" /> },
    {
      name: 'Remove it',
      isActions: true,
      cell: (passkey) => (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Remove ${nameOf(passkey)}`}
          onClick={() => setLeaving(passkey)}
        >
          Remove
        </Button>
      ),
    },
  ]
  return (
    <Section
      title="Passkeys"
      description="Sign in by fingerprint, face or PIN. Nothing to type, and nothing that a false page could take."
      actions={
        hasPasskeys() && (
          <Button
            variant="default"
            size="sm"
            leftSection={<IconFingerprint size={16} aria-hidden />}
            loading={add.isPending}
            onClick={() => add.mutate()}
          >
            Add a passkey
          </Button>
        )
      }
    >
      <Problem error={add.error ?? passkeys.error} />
      <DataTable
        label="Passkeys"
        columns={columns}
        rows={passkeys.data}
        rowKey={({ id }) => id}
        empty={
          <Text size="sm" c="dimmed">
            You have none yet.
          </Text>
        }
      />
      <Confirm
        isOpen={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title="Remove this passkey?"
        action="Remove it"
        onConfirm={remove}
      >
        It signs you in no more. Your device may go on offering it until you remove it there too.
      </Confirm>
    </Section>
  )
}

function nameOf({ name }: Passkey): string {
  return name === null || name === '' ? 'Passkey' : name
}
