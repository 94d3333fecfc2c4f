import { NativeSelect, NumberInput, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { ModelRuleBody } from '../../../src/contract/model-rules.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { useRefresh } from '../queries.ts'
import type { ModelGroup } from './model-groups.ts'
import {
  fieldsOfRule,
  type NumberDefault,
  ownRuleOf,
  type RuleFields,
  ruleOfFields,
  rulesFor,
  ruleWords,
} from './model-rules.ts'

interface NumberField {
  readonly name: NumberDefault
  readonly label: string
  readonly min: number
  readonly max: number
  readonly step: number
  readonly isWhole: boolean
}

const FIRST_NUMBERS: readonly NumberField[] = [
  { name: 'num_ctx', label: 'Context, tokens', min: 256, max: 100_000_000, step: 4_096, isWhole: true },
  { name: 'num_predict', label: 'Answer at most, tokens', min: 1, max: 100_000_000, step: 256, isWhole: true },
  { name: 'temperature', label: 'Temperature', min: 0, max: 10, step: 0.1, isWhole: false },
]

const MORE_NUMBERS: readonly NumberField[] = [
  { name: 'top_p', label: 'top_p', min: 0, max: 1, step: 0.05, isWhole: false },
  { name: 'top_k', label: 'top_k', min: 0, max: 1_000_000, step: 1, isWhole: true },
  { name: 'min_p', label: 'min_p', min: 0, max: 1, step: 0.05, isWhole: false },
  { name: 'repeat_penalty', label: 'repeat_penalty', min: 0, max: 10, step: 0.1, isWhole: false },
  { name: 'presence_penalty', label: 'presence_penalty', min: -10, max: 10, step: 0.1, isWhole: false },
  { name: 'frequency_penalty', label: 'frequency_penalty', min: -10, max: 10, step: 0.1, isWhole: false },
  { name: 'seed', label: 'seed', min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, step: 1, isWhole: true },
]

const NOT_SAID = { value: '', label: 'Not said here' }
const THINKING = [
  NOT_SAID,
  { value: 'on', label: 'On' },
  { value: 'off', label: 'Off' },
  { value: 'low', label: 'Low' },
  { value: 'medium', label: 'Medium' },
  { value: 'high', label: 'High' },
  { value: 'max', label: 'Max' },
]
const TRUNCATION = [
  NOT_SAID,
  { value: 'on', label: 'Drop its oldest turns' },
  { value: 'off', label: 'Refuse it, so that its client can shorten it' },
]
const TRANSLATION = [
  NOT_SAID,
  { value: 'auto', label: 'Where its server needs it' },
  { value: 'native', label: 'On an Ollama, always to its own API' },
  { value: 'off', label: 'Never' },
]

/** What requests for a model are taken to say where they say nothing. */
export function ChangeDefaults(props: {
  readonly model: ModelGroup
  readonly rules: readonly ModelRuleBody[]
  readonly onDone: () => void
}) {
  const { model, onDone } = props
  const refresh = useRefresh()
  const [rules, setRules] = useState(props.rules)
  const own = ownRuleOf(model.canonical, rules)
  const [fields, setFields] = useState(fieldsOfRule(own))
  const others = rulesFor(model.canonical, rules).filter((rule) => rule !== own)
  const loadTheirs = async () => {
    const theirs = (await api('listModelRules')).rules
    setRules(theirs)
    setFields(fieldsOfRule(ownRuleOf(model.canonical, theirs)))
  }
  const save = async () => {
    const rule = ruleOfFields(fields)
    const match = own?.match ?? model.id
    if (rule !== undefined) await api('putModelRule', { body: { match, version: own?.revision ?? 0, ...rule } })
    else if (own !== undefined) await api('removeModelRule', { query: { match } })
    await refresh('models')
    onDone()
  }
  return (
    <Form action="Save" onSubmit={save} onCancel={onDone} onLoadTheirs={loadTheirs}>
      {(errorOf) => (
        <>
          <Text size="sm" c="dimmed">
            They hold where a request says nothing itself. What a model server has no place for it is not sent.
          </Text>
          <Numbers fields={fields} onChange={setFields} errorOf={errorOf} list={FIRST_NUMBERS} />
          <NativeSelect
            label="Thinking"
            data={THINKING}
            value={fields.think}
            error={errorOf('defaults.think')}
            onChange={(event) => setFields({ ...fields, think: event.currentTarget.value })}
          />
          <TextInput
            label="Stays loaded for"
            placeholder="Not said here"
            description="As 30m (ms, s, m, h), or in seconds; -1 is for ever."
            value={fields.keepAlive}
            error={errorOf('defaults.keep_alive')}
            onChange={(event) => setFields({ ...fields, keepAlive: event.currentTarget.value })}
          />
          <NativeSelect
            label="Put into another API"
            data={TRANSLATION}
            value={fields.translate}
            error={errorOf('translate')}
            onChange={(event) => setFields({ ...fields, translate: event.currentTarget.value })}
          />
          <details className="models-more">
            <summary>More</summary>
            <NativeSelect
              label="A prompt that is too long"
              mt="sm"
              mb="sm"
              data={TRUNCATION}
              value={fields.truncate}
              error={errorOf('defaults.truncate')}
              onChange={(event) => setFields({ ...fields, truncate: event.currentTarget.value })}
            />
            <Numbers fields={fields} onChange={setFields} errorOf={errorOf} list={MORE_NUMBERS} />
          </details>
          {others.length > 0 && <OtherRules rules={others} />}
        </>
      )}
    </Form>
  )
}

function Numbers(props: {
  readonly fields: RuleFields
  readonly onChange: (fields: RuleFields) => void
  readonly errorOf: (param: string) => string | undefined
  readonly list: readonly NumberField[]
}) {
  const { fields, onChange, errorOf, list } = props
  const set = (name: NumberDefault, value: number | string) => {
    const { [name]: _, ...rest } = fields.numbers
    onChange({ ...fields, numbers: typeof value === 'number' ? { ...rest, [name]: value } : rest })
  }
  return (
    <div className="models-numbers">
      {list.map(({ name, label, min, max, step, isWhole }) => (
        <NumberInput
          key={name}
          label={label}
          placeholder="Not said here"
          min={min}
          max={max}
          clampBehavior="none"
          step={step}
          allowDecimal={!isWhole}
          value={fields.numbers[name] ?? ''}
          error={errorOf(`defaults.${name}`)}
          onChange={(value) => set(name, value)}
        />
      ))}
    </div>
  )
}

/** What is said of it elsewhere, and is changed there. */
function OtherRules({ rules }: { readonly rules: readonly ModelRuleBody[] }) {
  return (
    <div>
      <Text size="sm" fw={600}>
        Said of it elsewhere
      </Text>
      <ul className="models-others">
        {rules.map((rule) => (
          <li key={`${rule.source} ${rule.match} ${rule.upstream}`}>
            <Text size="sm" span>
              <span className="mono">{rule.match}</span>
              {rule.upstream !== null && ` on ${rule.upstreamLabel ?? rule.upstream}`}
              {rule.source === 'configuration' && ' (configuration)'}: {ruleWords([rule]).join(', ')}
            </Text>
          </li>
        ))}
      </ul>
    </div>
  )
}
