import { Checkbox, NativeSelect, Stack, Switch, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { listText, parseList } from '../parts/list-text.ts'
import { modelWords, ROUTE_CLASSES, type RouteClass } from './key-words.ts'
import { lifeOf } from './life.ts'

/** What people type and choose of a key. */
export interface KeyFieldValues {
  readonly name: string
  /** Globs, one a line; empty: all models. */
  readonly models: string
  readonly routes: readonly RouteClass[]
  /** Ranges, one a line; empty: everywhere. */
  readonly networks: string
  readonly allowsCloud: boolean
  readonly allowsMetrics: boolean
  readonly life: string
}

/** What the reader may give a key. */
export interface KeyPowers {
  /** What members of the org are held to; `undefined`: the reader is not. */
  readonly rules:
    | { readonly models: readonly string[]; readonly allowsCloud: boolean; readonly allowsManage: boolean }
    | undefined
  readonly maySeeMetrics: boolean
}

/** The fields of a key: the few that matter to most first, the rest folded. */
export function KeyFields(props: {
  readonly values: KeyFieldValues
  readonly onChange: (values: KeyFieldValues) => void
  readonly errorOf: (param: string) => string | undefined
  readonly lives: readonly { readonly value: string; readonly label: string }[]
  readonly powers: KeyPowers
}) {
  const { values, onChange, errorOf, lives, powers } = props
  const { rules } = powers
  const [isUnfolded, setUnfolded] = useState(() => isBeyondUsual(values))
  const isAtFault = ['routes', 'networks', 'allowsCloud', 'allowsMetrics'].some((name) => errorOf(name) !== undefined)
  return (
    <>
      <TextInput
        label="Name"
        description="Who or what will use it."
        placeholder="laptop"
        required
        maxLength={64}
        data-autofocus
        value={values.name}
        error={errorOf('name')}
        onChange={(event) => onChange({ ...values, name: event.currentTarget.value })}
      />
      <Textarea
        label="Models"
        description={
          rules === undefined
            ? 'Names, * for any letters, one a line. Empty: all models.'
            : `Names, * for any letters, one a line. The org allows: ${modelWords(rules.models)}.`
        }
        placeholder={rules === undefined ? 'All models' : listText(rules.models)}
        rows={2}
        value={values.models}
        error={errorOf('models')}
        onChange={(event) => onChange({ ...values, models: event.currentTarget.value })}
      />
      <NativeSelect
        label="Ends"
        data={[...lives]}
        value={values.life}
        error={errorOf('expiresInMs')}
        onChange={(event) => onChange({ ...values, life: event.currentTarget.value })}
      />
      <details
        className="key-limits"
        open={isUnfolded || isAtFault}
        onToggle={(event) => setUnfolded(event.currentTarget.open)}
      >
        <summary>More limits and grants</summary>
        <Stack mt="sm">
          <Checkbox.Group
            label="It may"
            value={[...values.routes]}
            error={errorOf('routes')}
            onChange={(routes) => onChange({ ...values, routes: inOrder(routes) })}
          >
            <Stack gap="xs" mt={6}>
              {ROUTE_CLASSES.map(({ value, name, detail }) => (
                <Checkbox
                  key={value}
                  value={value}
                  label={name}
                  description={detail}
                  disabled={value === 'manage' && rules?.allowsManage === false && !values.routes.includes('manage')}
                />
              ))}
            </Stack>
          </Checkbox.Group>
          <Switch
            label="Cloud models"
            description="They run on somebody else’s machine, at the owner’s cost."
            checked={values.allowsCloud}
            disabled={rules?.allowsCloud === false && !values.allowsCloud}
            error={errorOf('allowsCloud')}
            onChange={(event) => onChange({ ...values, allowsCloud: event.currentTarget.checked })}
          />
          {powers.maySeeMetrics && (
            <Switch
              label="Metrics"
              description="Reads /metrics, which tell of the whole gateway."
              checked={values.allowsMetrics}
              error={errorOf('allowsMetrics')}
              onChange={(event) => onChange({ ...values, allowsMetrics: event.currentTarget.checked })}
            />
          )}
          <Textarea
            label="Networks"
            description="Addresses or ranges it may be used from, one a line. Empty: from everywhere."
            placeholder="10.0.0.0/8"
            rows={2}
            value={values.networks}
            error={errorOf('networks')}
            onChange={(event) => onChange({ ...values, networks: event.currentTarget.value })}
          />
        </Stack>
      </details>
    </>
  )
}

/** The fields as the API takes them, but for the name. @param whenNoModels what an empty list of models stands for */
export function grantOf(values: KeyFieldValues, whenNoModels: readonly string[]) {
  const models = parseList(values.models)
  const expiresInMs = lifeOf(values.life)
  return {
    models: models.length === 0 ? [...whenNoModels] : models,
    routes: [...values.routes],
    networks: parseList(values.networks),
    allowsCloud: values.allowsCloud,
    allowsMetrics: values.allowsMetrics,
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
  }
}

function isBeyondUsual({ routes, networks, allowsCloud, allowsMetrics }: KeyFieldValues): boolean {
  const isUsual = routes.length === 2 && !routes.includes('manage')
  return !isUsual || networks.trim() !== '' || allowsCloud || allowsMetrics
}

function inOrder(routes: readonly string[]): RouteClass[] {
  return ROUTE_CLASSES.map(({ value }) => value).filter((value) => routes.includes(value))
}
