import { PasswordInput, Text } from '@mantine/core'
import { useId } from 'react'
import { PASSWORD_LENGTH, passwordHint } from './password-hint.ts'

/** The field for a new password, and what it is worth. It is never sent too short: its form refuses. */
export function NewPassword(props: {
  readonly value: string
  readonly onChange: (value: string) => void
  /** What others know of its owner: no good part of a password. */
  readonly about?: readonly string[]
  /** Default: `Password`. */
  readonly label?: string
}) {
  const { value, onChange, about = [], label = 'Password' } = props
  const hintId = useId()
  const { worth, text } = passwordHint(value, about)
  return (
    <div>
      <PasswordInput
        label={label}
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
        required
        minLength={PASSWORD_LENGTH.min}
        maxLength={PASSWORD_LENGTH.max}
        autoComplete="new-password"
        aria-describedby={hintId}
      />
      <Text id={hintId} size="sm" className="password-hint" data-worth={worth}>
        <span className="password-bars" aria-hidden>
          <span />
          <span />
          <span />
        </span>
        {text}
      </Text>
    </div>
  )
}
