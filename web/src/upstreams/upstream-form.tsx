import { Checkbox, NativeSelect, PasswordInput, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { ServerKind, UpstreamBody } from '../../../src/contract/upstreams.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { useRefresh } from '../queries.ts'

const KIND_LABELS: Readonly<Record<ServerKind, string>> = {
  ollama: 'Ollama',
  openai: 'OpenAI’s API: llama-server, vLLM, LM Studio …',
  anthropic: 'Anthropic’s API',
}
const KINDS = [
  { value: '', label: 'Find out by asking it' },
  ...Object.entries(KIND_LABELS).map(([value, label]) => ({ value, label })),
]

interface Fields {
  readonly label: string
  readonly url: string
  readonly kind: string
  readonly key: string
  readonly forgetsKey: boolean
}

/** Adds an upstream. */
export function NewUpstream({ onDone }: { readonly onDone: () => void }) {
  const refresh = useRefresh()
  const [fields, setFields] = useState<Fields>({ label: '', url: '', kind: '', key: '', forgetsKey: false })
  const add = async () => {
    const { label, url, key } = fields
    const kind = kindOf(fields)
    await api('createUpstream', {
      body: { label, url, ...(kind === null ? {} : { kind }), ...(key === '' ? {} : { key }) },
    })
    await refresh('upstreams', 'models', 'health')
    onDone()
  }
  return (
    <Form action="Add the upstream" onSubmit={add} onCancel={onDone}>
      {(errorOf) => (
        <>
          <Text size="sm" c="dimmed">
            The gateway connects to it from where it stands. A server that it cannot reach is connected with a tunnel
            instead.
          </Text>
          <UpstreamFields fields={fields} onChange={setFields} errorOf={errorOf} />
        </>
      )}
    </Form>
  )
}

/** Changes an upstream that was added here. */
export function ChangeUpstream({ upstream, onDone }: { readonly upstream: UpstreamBody; readonly onDone: () => void }) {
  const refresh = useRefresh()
  const [original, setOriginal] = useState(upstream)
  const [fields, setFields] = useState(fieldsOf(upstream))
  const loadTheirs = async () => {
    const theirs = await api('showUpstream', { params: { upstream: upstream.id } })
    setOriginal(theirs)
    setFields(fieldsOf(theirs))
  }
  const change = async () => {
    const { label, url, key, forgetsKey } = fields
    const kind = kindOf(fields)
    await api('changeUpstream', {
      params: { upstream: upstream.id },
      body: {
        version: original.revision,
        label,
        ...(url === original.url ? {} : { url }),
        ...(fields.kind === fieldsOf(original).kind ? {} : { kind }),
        ...(key === '' ? (forgetsKey ? { key: null } : {}) : { key }),
      },
    })
    await refresh('upstreams', 'models', 'health')
    onDone()
  }
  const isMoved = fields.url !== original.url
  return (
    <Form action="Save" onSubmit={change} onCancel={onDone} onLoadTheirs={loadTheirs}>
      {(errorOf) => (
        <>
          <UpstreamFields fields={fields} onChange={setFields} errorOf={errorOf} isChange />
          {original.hasCredential && !isMoved && (
            <Checkbox
              label="Forget its key"
              checked={fields.forgetsKey}
              disabled={fields.key !== ''}
              onChange={(event) => setFields({ ...fields, forgetsKey: event.currentTarget.checked })}
            />
          )}
          {isMoved && (
            <Text size="sm" c="dimmed">
              With another address its running requests end
              {original.hasCredential && ', and its key is forgotten unless you give it again'}.
            </Text>
          )}
        </>
      )}
    </Form>
  )
}

function UpstreamFields(props: {
  readonly fields: Fields
  readonly onChange: (fields: Fields) => void
  readonly errorOf: (param: string) => string | undefined
  readonly isChange?: boolean
}) {
  const { fields, onChange, errorOf, isChange = false } = props
  return (
    <>
      <TextInput
        label="Label"
        description="What people call it here."
        required
        maxLength={64}
        data-autofocus
        value={fields.label}
        error={errorOf('label')}
        onChange={(event) => onChange({ ...fields, label: event.currentTarget.value })}
      />
      <TextInput
        label="Address"
        type="url"
        placeholder="http://127.0.0.1:11434"
        required
        value={fields.url}
        error={errorOf('url')}
        onChange={(event) => onChange({ ...fields, url: event.currentTarget.value })}
      />
      <NativeSelect
        label="Which API it speaks"
        data={KINDS}
        value={fields.kind}
        error={errorOf('kind')}
        onChange={(event) => onChange({ ...fields, kind: event.currentTarget.value })}
      />
      <PasswordInput
        label="Its key"
        description={
          isChange
            ? 'Leave it empty to keep things as they are.'
            : 'Only where the model server asks for one. It is never shown again.'
        }
        autoComplete="off"
        visibilityToggleButtonProps={{ 'aria-label': 'Show the key' }}
        value={fields.key}
        error={errorOf('key')}
        onChange={(event) => onChange({ ...fields, key: event.currentTarget.value })}
      />
    </>
  )
}

function fieldsOf({ label, url, kind }: UpstreamBody): Fields {
  return { label, url: url ?? '', kind: kind === 'unknown' ? '' : kind, key: '', forgetsKey: false }
}

function kindOf({ kind }: Fields): ServerKind | null {
  return isKind(kind) ? kind : null
}

function isKind(kind: string): kind is ServerKind {
  return Object.hasOwn(KIND_LABELS, kind)
}
