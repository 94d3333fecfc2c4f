import { TextInput } from '@mantine/core'
import { NewPassword } from './new-password.tsx'

/** What a new account is made of. */
export interface Newcomer {
  readonly name: string
  readonly email: string
  readonly password: string
}

export const NOBODY: Newcomer = { name: '', email: '', password: '' }

/** The fields of a new account. @param isEmailFixed the address is what the link was sent to */
export function NewcomerFields(props: {
  readonly value: Newcomer
  readonly onChange: (value: Newcomer) => void
  readonly isEmailFixed?: boolean
}) {
  const { value, onChange, isEmailFixed = false } = props
  return (
    <>
      <TextInput
        label="Name"
        description="How others see you here."
        value={value.name}
        onChange={({ currentTarget }) => onChange({ ...value, name: currentTarget.value })}
        required
        maxLength={64}
        autoComplete="name"
      />
      <TextInput
        type="email"
        label="E-mail address"
        description={isEmailFixed ? 'The invitation is for this address.' : 'You sign in with it.'}
        value={value.email}
        onChange={({ currentTarget }) => onChange({ ...value, email: currentTarget.value })}
        required
        readOnly={isEmailFixed}
        maxLength={254}
        autoComplete="username"
      />
      <NewPassword
        value={value.password}
        onChange={(password) => onChange({ ...value, password })}
        about={[value.name, value.email]}
      />
    </>
  )
}
