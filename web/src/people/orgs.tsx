import { Button, Text, TextInput } from '@mantine/core'
import { IconArrowRight, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { OrgBody } from '../../../src/contract/people.ts'
import { api } from '../api.ts'
import { useOrgSwitch } from '../org-switch.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Dialog, useDialog } from '../parts/dialog.tsx'
import { Form } from '../parts/form.tsx'
import { MoreRows } from '../parts/more-rows.tsx'
import { Problem } from '../parts/problem.tsx'
import { type RowAction, RowMenu } from '../parts/row-menu.tsx'
import { Time } from '../parts/time.tsx'
import { may, useMe, useRefresh } from '../queries.ts'
import { OrgName } from '../settings/org-name.tsx'
import { useOrgs } from './people-queries.ts'

/** The id of the org that is there from the start, and stays. */
const DEFAULT_ORG = 'default'

/** The orgs that one may work in; to system admins, every one of the gateway. */
export function Orgs() {
  const me = useMe()
  const orgs = useOrgs()
  const making = useDialog<true>()
  const renaming = useDialog<OrgBody>()
  const removing = useDialog<OrgBody>()
  const { enter } = useOrgSwitch()
  const switching = useMutation({ mutationFn: enter })
  const isSystemAdmin = may(me, 'system')
  const isHere = ({ id }: OrgBody) => id === me.org?.id
  const actionsFor = (org: OrgBody): readonly RowAction[] => {
    const enterIt: RowAction = {
      name: 'Switch to it',
      icon: IconArrowRight,
      refusal: isHere(org) ? 'You are in it.' : undefined,
      onClick: () => switching.mutate(org.id),
    }
    if (!isSystemAdmin) return [enterIt]
    return [
      enterIt,
      {
        name: 'Rename',
        icon: IconPencil,
        refusal: isHere(org) ? undefined : 'Switch to it first.',
        onClick: () => renaming.open(org),
      },
      {
        name: 'Remove',
        icon: IconTrash,
        isDangerous: true,
        refusal: refusalOf(org, isHere(org)),
        onClick: () => removing.open(org),
      },
    ]
  }
  return (
    <>
      <Problem error={orgs.error} onRetry={orgs.retry} />
      <Problem error={switching.error} />
      {orgs.error === null && (
        <DataTable
          label="Orgs"
          rows={orgs.rows}
          rowKey={({ id }) => id}
          columns={[
            {
              name: 'Org',
              isHeading: true,
              cell: (org) => (
                <span>
                  {org.name}
                  {isHere(org) && <span className="person-you"> (you are here)</span>}
                  <span className="row-detail mono">{org.slug}</span>
                </span>
              ),
            },
            { name: 'Since', cell: ({ createdAt }) => <Time at={createdAt} /> },
            {
              name: 'Actions',
              isActions: true,
              cell: (org) => <RowMenu label={`Actions for ${org.name}`} actions={actionsFor(org)} />,
            },
          ]}
        />
      )}
      <MoreRows list={orgs} />
      {isSystemAdmin && (
        <Button
          variant="default"
          mt="md"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => making.open(true)}
        >
          New org
        </Button>
      )}
      <Dialog isOpen={making.isOpen} onClose={making.close} title="New org">
        <NewOrg onDone={making.close} />
      </Dialog>
      <Dialog isOpen={renaming.isOpen} onClose={renaming.close} title="Rename the org">
        <OrgName onDone={renaming.close} />
      </Dialog>
      <Dialog isOpen={removing.isOpen} onClose={removing.close} title={`Remove ${removing.subject?.name ?? ''}`}>
        {removing.subject !== undefined && <RemoveOrg org={removing.subject} onDone={removing.close} />}
      </Dialog>
    </>
  )
}

function refusalOf({ id }: OrgBody, isHere: boolean): string | undefined {
  if (id === DEFAULT_ORG) return 'This one always stays.'
  return isHere ? 'Switch to another first.' : undefined
}

function NewOrg({ onDone }: { readonly onDone: () => void }) {
  const refresh = useRefresh()
  const [name, setName] = useState('')
  const [slug, setSlug] = useState('')
  const create = async () => {
    await api('createOrg', { body: { name: name.trim(), slug: slug === '' ? slugOf(name) : slug } })
    await refresh('orgs', 'me')
    onDone()
  }
  return (
    <Form action="Make the org" onSubmit={create} onCancel={onDone}>
      {(errorOf) => (
        <>
          <Text size="sm" c="dimmed">
            An org has its own people, keys, upstreams and tunnels. Nothing of one is seen in another.
          </Text>
          <TextInput
            label="Name"
            required
            maxLength={64}
            data-autofocus
            value={name}
            error={errorOf('name')}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label="Short name"
            description="Lower case letters, digits and dashes. It stays as it is."
            placeholder={slugOf(name)}
            pattern="[a-z0-9]([a-z0-9\-]{0,38}[a-z0-9])?"
            maxLength={40}
            required={slugOf(name) === ''}
            value={slug}
            error={errorOf('slug')}
            onChange={(event) => setSlug(event.currentTarget.value)}
          />
        </>
      )}
    </Form>
  )
}

function RemoveOrg({ org, onDone }: { readonly org: OrgBody; readonly onDone: () => void }) {
  const refresh = useRefresh()
  const [typed, setTyped] = useState('')
  const remove = async () => {
    await api('removeOrg', { params: { org: org.id } })
    await refresh('orgs', 'me', 'accounts')
    onDone()
  }
  return (
    <Form action="Remove the org" onSubmit={remove} onCancel={onDone} isDisabled={typed !== org.slug} isDangerous>
      {() => (
        <>
          <Text size="sm">
            All its keys and tunnels end within a second, with whatever runs over them, and its upstreams and settings
            are gone. The accounts of its people stay. It cannot be undone.
          </Text>
          <TextInput
            label={`Type ${org.slug} to confirm`}
            autoComplete="off"
            data-autofocus
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </>
      )}
    </Form>
  )
}

/** A short name for a name, as far as its letters allow. */
function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\p{M}]/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '')
}
