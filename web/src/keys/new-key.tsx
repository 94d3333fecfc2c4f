import { Radio, Stack } from '@mantine/core'
import { useState } from 'react'
import type { IssuedKeyBody } from '../../../src/contract/keys.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { useMe } from '../queries.ts'
import { IssuedKey } from './issued-key.tsx'
import { grantOf, KeyFields, type KeyFieldValues } from './key-fields.tsx'
import { useKeyPowers } from './key-powers.ts'
import { usePlaceKey } from './key-queries.ts'
import { usualValues } from './key-terms.ts'
import { lifeChoices } from './life.ts'

/** Makes a key, and shows its text. */
export function NewKey({ onDone }: { readonly onDone: () => void }) {
  const me = useMe()
  const place = usePlaceKey()
  const { isAdmin, rules, powers } = useKeyPowers()
  const lives = lifeChoices(rules?.maxLifeMs ?? null)
  const [isPersonal, setPersonal] = useState(!isAdmin)
  const [issued, setIssued] = useState<IssuedKeyBody>()
  const [values, setValues] = useState<KeyFieldValues>({
    name: '',
    ...usualValues(rules),
    life: lives[rules === undefined ? 0 : lives.length - 1]?.value ?? '',
  })
  const create = async () => {
    const { expiresInMs, ...grant } = grantOf(values, rules)
    const made = await api('createKey', {
      body: {
        name: values.name.trim(),
        isPersonal,
        ...grant,
        ...(expiresInMs === undefined || expiresInMs === null ? {} : { expiresInMs }),
      },
    })
    const { key: _text, ...listed } = made
    setIssued(made)
    place(listed)
  }
  if (issued !== undefined) return <IssuedKey issued={issued} onDone={onDone} />
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
