import { TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { meQuery, useMe, useRefresh } from '../queries.ts'

/** Renames the org that the session works in. @param props.onDone called when it is renamed, or when that is given up */
export function OrgName({ onDone }: { readonly onDone?: () => void }) {
  const { org } = useMe()
  const queries = useQueryClient()
  const refresh = useRefresh()
  const [original, setOriginal] = useState(org)
  const [name, setName] = useState(org?.name ?? '')
  const loadTheirs = async () => {
    const theirs = (await queries.fetchQuery({ ...meQuery, staleTime: 0 })).org
    setOriginal(theirs)
    setName(theirs?.name ?? '')
  }
  const rename = async () => {
    setOriginal(await api('renameOrg', { body: { name: name.trim(), version: original?.version ?? 1 } }))
    await refresh('me', 'orgs')
    onDone?.()
  }
  return (
    <Form
      action="Rename"
      onSubmit={rename}
      onLoadTheirs={loadTheirs}
      isDisabled={name.trim() === original?.name}
      {...(onDone === undefined ? {} : { onCancel: onDone })}
    >
      {(errorOf) => (
        <TextInput
          label="Name of the org"
          required
          withAsterisk={false}
          maxLength={64}
          value={name}
          error={errorOf('name')}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      )}
    </Form>
  )
}
