import { Checkbox, NativeSelect, Stack, Switch, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import {
  type AnyTerm,
  askedTerms,
  type ChoiceTerm,
  isBeyondUsual,
  type KeyPowers,
  type ListTerm,
  type Rules,
  type SwitchTerm,
  TERM_LIST,
  type TermValues,
} from './key-terms.ts'
import { lifeOf } from './life.ts'

/** What people type and choose of a key. */
export interface KeyFieldValues extends TermValues {
  readonly name: string
  readonly life: string
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
  const [isUnfolded, setUnfolded] = useState(() => isBeyondUsual(values))
  const first = TERM_LIST.filter(([, term]) => term.isFirst)
  const folded = TERM_LIST.filter(([, term]) => !term.isFirst)
  const fields = (terms: typeof TERM_LIST) =>
    terms
      .filter(([, { isOffered }]) => isOffered?.(powers) !== false)
      .map(([name, term]) => (
        <TermField
          key={name}
          term={term}
          value={values[name]}
          onChange={(value) => onChange({ ...values, [name]: value })}
          error={errorOf(name)}
          rules={powers.rules}
        />
      ))
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
      {fields(first)}
      <NativeSelect
        label="Ends"
        data={[...lives]}
        value={values.life}
        error={errorOf('expiresInMs')}
        onChange={(event) => onChange({ ...values, life: event.currentTarget.value })}
      />
      <details
        className="key-limits"
        open={isUnfolded || folded.some(([name]) => errorOf(name) !== undefined)}
        onToggle={(event) => setUnfolded(event.currentTarget.open)}
      >
        <summary>More limits and grants</summary>
        <Stack mt="sm">{fields(folded)}</Stack>
      </details>
    </>
  )
}

interface FieldProps<Value> {
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly error: string | undefined
  readonly rules: Rules
}

function TermField({ term, ...props }: FieldProps<unknown> & { readonly term: AnyTerm }) {
  if (term.kind === 'list') return <ListField term={term} {...(props as FieldProps<string>)} />
  if (term.kind === 'choice') return <ChoiceField term={term} {...(props as FieldProps<readonly string[]>)} />
  return <SwitchField term={term} {...(props as FieldProps<boolean>)} />
}

function ListField({ term, value, onChange, error, rules }: FieldProps<string> & { readonly term: ListTerm }) {
  return (
    <Textarea
      label={term.label}
      description={term.description(rules)}
      placeholder={term.placeholder(rules)}
      rows={2}
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

function ChoiceField(props: FieldProps<readonly string[]> & { readonly term: ChoiceTerm<string> }) {
  const { term, value, onChange, error, rules } = props
  const inOrder = (chosen: readonly string[]) =>
    term.choices.map((choice) => choice.value).filter((choice) => chosen.includes(choice))
  return (
    <Checkbox.Group
      label={term.label}
      value={[...value]}
      error={error}
      onChange={(chosen) => onChange(inOrder(chosen))}
    >
      <Stack gap="xs" mt={6}>
        {term.choices.map(({ value: choice, name, detail }) => (
          <Checkbox
            key={choice}
            value={choice}
            label={name}
            description={detail}
            disabled={term.isLocked(choice, rules) && !value.includes(choice)}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  )
}

function SwitchField({ term, value, onChange, error, rules }: FieldProps<boolean> & { readonly term: SwitchTerm }) {
  return (
    <Switch
      label={term.label}
      description={term.description}
      checked={value}
      disabled={term.isLocked?.(rules) === true && !value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  )
}

/** The fields as the API takes them, but for the name. @param rules what members are held to, if the reader is */
export function grantOf(values: KeyFieldValues, rules: Rules) {
  const expiresInMs = lifeOf(values.life)
  return { ...askedTerms(values, rules), ...(expiresInMs === undefined ? {} : { expiresInMs }) }
}
