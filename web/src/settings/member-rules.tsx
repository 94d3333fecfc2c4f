import { NativeSelect, NumberInput, Switch, Textarea } from '@mantine/core'
import { useState } from 'react'
import type { StoredSettingsBody } from '../../../src/contract/gateway.ts'
import { DAY_MS, daysWords } from '../keys/key-words.ts'
import { Form } from '../parts/form.tsx'
import { listText, parseList } from '../parts/list-text.ts'
import { useSaveSettings } from './save-settings.ts'

const FOR_EVER = 'ever'
const LIVES_MS = [1, 7, 30, 90, 365].map((days) => days * DAY_MS)

/** What members may give keys of their own, for the owner to set. */
export function MemberRulesForm({ settings }: { readonly settings: StoredSettingsBody }) {
  const { save, readAnew } = useSaveSettings()
  const [original, setOriginal] = useState(settings)
  const [values, setValues] = useState(() => valuesOf(settings))
  const show = (stored: StoredSettingsBody) => {
    setOriginal(stored)
    setValues(valuesOf(stored))
  }
  const submit = async () => {
    const models = parseList(values.models)
    show(
      await save(original, {
        memberKeys: {
          max: values.max === '' ? 0 : values.max,
          models: models.length === 0 ? ['*'] : models,
          maxLifeMs: values.life === FOR_EVER ? null : Number(values.life),
          allowsManage: values.allowsManage,
          allowsCloud: values.allowsCloud,
        },
      }),
    )
  }
  return (
    <Form action="Save the rules" onSubmit={submit} onLoadTheirs={async () => show(await readAnew())}>
      {(errorOf) => (
        <>
          <NumberInput
            label="Active keys each member may have"
            description="0: members make no keys of their own."
            required
            withAsterisk={false}
            min={0}
            max={1_000}
            allowDecimal={false}
            className="settings-number"
            value={values.max}
            error={errorOf('memberKeys.max')}
            onChange={(value) => setValues({ ...values, max: typeof value === 'number' ? value : '' })}
          />
          <Textarea
            label="Models they may use"
            description="Names, * for any letters, one a line. Empty: all."
            placeholder="All models"
            rows={3}
            value={values.models}
            error={errorOf('memberKeys.models')}
            onChange={(event) => setValues({ ...values, models: event.currentTarget.value })}
          />
          <NativeSelect
            label="How long a key may live"
            data={lifeChoices(original.memberKeys.maxLifeMs)}
            value={values.life}
            error={errorOf('memberKeys.maxLifeMs')}
            onChange={(event) => setValues({ ...values, life: event.currentTarget.value })}
          />
          <Switch
            label="Cloud models"
            description="They run on somebody else’s machine, at the owner’s cost."
            checked={values.allowsCloud}
            onChange={(event) => setValues({ ...values, allowsCloud: event.currentTarget.checked })}
          />
          <Switch
            label="Manage models"
            description="Pull, create and delete them on the model server."
            checked={values.allowsManage}
            onChange={(event) => setValues({ ...values, allowsManage: event.currentTarget.checked })}
          />
        </>
      )}
    </Form>
  )
}

function valuesOf({ memberKeys }: StoredSettingsBody) {
  const { max, models, maxLifeMs, allowsManage, allowsCloud } = memberKeys
  return {
    max: max as number | '',
    models: models.includes('*') ? '' : listText(models),
    life: maxLifeMs === null ? FOR_EVER : String(maxLifeMs),
    allowsManage,
    allowsCloud,
  }
}

/** The usual spans, and the one that is set, should it be another. */
function lifeChoices(current: number | null): { readonly value: string; readonly label: string }[] {
  const lives = current === null || LIVES_MS.includes(current) ? LIVES_MS : [...LIVES_MS, current].sort((a, b) => a - b)
  return [{ value: FOR_EVER, label: 'For ever' }, ...lives.map((ms) => ({ value: String(ms), label: daysWords(ms) }))]
}
