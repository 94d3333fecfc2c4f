import { TextInput } from '@mantine/core'
import { useState } from 'react'
import type { TunnelBody } from '../../../src/contract/tunnels.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { useRefresh } from '../queries.ts'

/** Gives a tunnel another label. Nothing else of it changes. */
export function RenameTunnel({ tunnel, onDone }: { readonly tunnel: TunnelBody; readonly onDone: () => void }) {
  const refresh = useRefresh()
  const [label, setLabel] = useState(tunnel.label)
  const rename = async () => {
    await api('renameTunnel', { params: { tunnel: tunnel.id }, body: { label: label.trim() } })
    await refresh('tunnels', 'upstreams', 'models')
    onDone()
  }
  return (
    <Form action="Rename" onSubmit={rename} onCancel={onDone}>
      {(errorOf) => (
        <TextInput
          label="Label"
          required
          maxLength={64}
          data-autofocus
          value={label}
          error={errorOf('label')}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
      )}
    </Form>
  )
}
