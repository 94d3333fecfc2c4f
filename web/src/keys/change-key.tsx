import { useState } from 'react'
import type { KeyBody } from '../../../src/control/contract/keys.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { listText } from '../parts/list-text.ts'
import { useRefresh } from '../queries.ts'
import { grantOf, KeyFields, type KeyFieldValues } from './key-fields.tsx'
import { useKeyPowers } from './key-powers.ts'
import { lifeChoices } from './life.ts'

/** Changes what a key may do. Its text stays. */
export function ChangeKey({ keyBody, onDone }: { readonly keyBody: KeyBody; readonly onDone: () => void }) {
  const refresh = useRefresh()
  const { rules, powers } = useKeyPowers()
  const [original, setOriginal] = useState(keyBody)
  const [values, setValues] = useState(valuesOf(keyBody))
  const loadTheirs = async () => {
    const theirs = await api('get', '/keys/{key}', { params: { key: keyBody.id } })
    setOriginal(theirs)
    setValues(valuesOf(theirs))
  }
  const change = async () => {
    await api('patch', '/keys/{key}', {
      params: { key: keyBody.id },
      body: { version: original.version, name: values.name.trim(), ...grantOf(values, rules?.models ?? ['*']) },
    })
    await refresh('keys', 'health')
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

function valuesOf(key: KeyBody): KeyFieldValues {
  const { name, models, routes, networks, allowsCloud, allowsMetrics, expiresAt } = key
  return {
    name,
    models: models.includes('*') ? '' : listText(models),
    routes,
    networks: listText(networks),
    allowsCloud,
    allowsMetrics,
    life: lifeChoices(null, { expiresAt })[0]?.value ?? '',
  }
}
