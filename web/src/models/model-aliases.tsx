import { ActionIcon, Text, TextInput } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useState } from 'react'
import type { ModelAliasBody } from '../../../src/contract/model-rules.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { Problem } from '../parts/problem.tsx'
import { useRefresh } from '../queries.ts'
import type { ModelGroup } from './model-groups.ts'
import { aliasesFor } from './model-rules.ts'

/** The other names of a model: those there are, and one more. */
export function ChangeAliases(props: {
  readonly model: ModelGroup
  readonly aliases: readonly ModelAliasBody[]
  readonly onDone: () => void
}) {
  const { model, aliases, onDone } = props
  const refresh = useRefresh()
  const [name, setName] = useState('')
  const [error, setError] = useState<unknown>()
  const [isChanged, setChanged] = useState(false)
  const own = aliasesFor(model.canonical, aliases)
  const add = async () => {
    // A name that stands for another model already is not taken away from it here.
    await api('putModelAlias', { body: { name: name.trim(), model: model.id, version: 0 } })
    await refresh('models')
    setName('')
    setChanged(true)
  }
  const remove = async (alias: ModelAliasBody) => {
    setError(undefined)
    try {
      await api('removeModelAlias', { query: { name: alias.name } })
      await refresh('models')
      setChanged(true)
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <Form action="Add the alias" onSubmit={add} onCancel={onDone} cancelWord={isChanged ? 'Done' : 'Cancel'}>
      {(errorOf) => (
        <>
          <Text size="sm" c="dimmed">
            For clients that insist on names of their own. What a key may use is decided by the model, not by the alias.
          </Text>
          {own.length > 0 && (
            <ul className="models-aliases" aria-label="Aliases">
              {own.map((alias) => (
                <li key={alias.name}>
                  <span className="mono">{alias.name}</span>
                  {alias.source === 'configuration' ? (
                    <Text size="sm" c="dimmed" span>
                      {alias.isOverridden === true ? 'Configuration, overridden' : 'Configuration'}
                    </Text>
                  ) : (
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label={`Remove ${alias.name}`}
                      onClick={() => void remove(alias)}
                    >
                      <IconX size={16} aria-hidden />
                    </ActionIcon>
                  )}
                </li>
              ))}
            </ul>
          )}
          <Problem error={error} />
          <TextInput
            label="Another name"
            description="Or a pattern of names, such as claude-*."
            placeholder="claude-*"
            required
            maxLength={512}
            data-autofocus
            value={name}
            error={errorOf('name') ?? errorOf('model')}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        </>
      )}
    </Form>
  )
}
