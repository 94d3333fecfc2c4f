import { Radio, Stack } from '@mantine/core'
import { useState } from 'react'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { listText } from '../parts/list-text.ts'
import { useMe, useRefresh } from '../queries.ts'
import { IssuedKey } from './issued-key.tsx'
import { grantOf, KeyFields, type KeyFieldValues } from './key-fields.tsx'
import { useKeyPowers } from './key-powers.ts'
import { lifeChoices } from './life.ts'

/** Makes a key, and shows its text. */
export function NewKey({ onDone }: { readonly onDone: () => void }) {
  const me = useMe()
  const refresh = useRefresh()
  const { isAdmin, rules, powers } = useKeyPowers()
  const lives = lifeChoices(rules?.maxLifeMs ?? null)
  const [isPersonal, setPersonal] = useState(!isAdmin)
  const [text, setText] = useState<string>()
  const [values, setValues] = useState<KeyFieldValues>({
    name: '',
    models: rules === undefined || rules.models.includes('*') ? '' : listText(rules.models),
    routes: ['inference', 'metadata'],
    networks: '',
    allowsCloud: false,
    allowsMetrics: false,
    life: lives[rules === undefined ? 0 : lives.length - 1]?.value ?? '',
  })
  const create = async () => {
    const { expiresInMs, ...grant } = grantOf(values, rules?.models ?? ['*'])
    const issued = await api('post', '/keys', {
      body: {
        name: values.name.trim(),
        isPersonal,
        ...grant,
        ...(expiresInMs === undefined || expiresInMs === null ? {} : { expiresInMs }),
      },
    })
    setText(issued.key)
    await refresh('keys', 'health')
  }
  if (text !== undefined) return <IssuedKey text={text} onDone={onDone} />
  return (
    <Form action="Make the key" onSubmit={create} onCancel={onDone}>
      {(errorOf) => (
        <>
          {isAdmin && me.person !== null && (
            <Radio.Group
              label="Whose"
              value={isPersonal ? 'mine' : 'org'}
              error={errorOf('isPersonal')}
              onChange={(value) => setPersonal(value === 'mine')}
            >
              <Stack gap="xs" mt={6}>
                <Radio
                  value="org"
                  label="The org’s"
                  description="For a service or a shared machine. It stays when people leave."
                />
                <Radio
                  value="mine"
                  label="Mine"
                  description="Its usage counts as yours. It ends when you leave the org."
                />
              </Stack>
            </Radio.Group>
          )}
          <KeyFields values={values} onChange={setValues} errorOf={errorOf} lives={lives} powers={powers} />
        </>
      )}
    </Form>
  )
}
