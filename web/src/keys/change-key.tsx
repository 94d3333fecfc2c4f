import { useState } from 'react'
import type { KeyBody } from '../../../src/contract/keys.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { grantOf, KeyFields, type KeyFieldValues } from './key-fields.tsx'
import { useKeyPowers } from './key-powers.ts'
import { usePlaceKey } from './key-queries.ts'
import { valuesOf } from './key-terms.ts'
import { lifeChoices } from './life.ts'

/** Changes what a key may do. Its text stays. */
export function ChangeKey({ keyBody, onDone }: { readonly keyBody: KeyBody; readonly onDone: () => void }) {
  const place = usePlaceKey()
  const { rules, powers } = useKeyPowers()
  const [original, setOriginal] = useState(keyBody)
  const [values, setValues] = useState(() => fieldsOf(keyBody))
  const loadTheirs = async () => {
    const theirs = await api('showKey', { params: { key: keyBody.id } })
    setOriginal(theirs)
    setValues(fieldsOf(theirs))
  }
  const change = async () => {
    const changed = await api('changeKey', {
      params: { key: keyBody.id },
      body: { version: original.version, name: values.name.trim(), ...grantOf(values, rules) },
    })
    place(changed)
    onDone()
  }
  return (
    <Form action="Save" onSubmit={change} onCancel={onDone} onLoadTheirs={loadTheirs}>
      {(errorOf) => (
        <KeyFields
          values={values}
          onChange={setValues}
          errorOf={errorOf}
          lives={lifeChoices(rules?.maxLifeMs ?? null, original)}
          powers={powers}
        />
      )}
    </Form>
  )
}

function fieldsOf(key: KeyBody): KeyFieldValues {
  const { name, expiresAt } = key
  return { name, ...valuesOf(key), life: lifeChoices(null, { expiresAt })[0]?.value ?? '' }
}
