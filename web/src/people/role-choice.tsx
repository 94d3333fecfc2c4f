import { Radio, Stack } from '@mantine/core'
import type { OrgRoleBody } from '../../../src/contract/parts.ts'
import { useMe } from '../queries.ts'
import { mayMakeOwners, ROLES } from './roles.ts'

/** The choice of a role, with what each may do. */
export function RoleChoice(props: {
  readonly value: OrgRoleBody
  readonly onChange: (role: OrgRoleBody) => void
  readonly error: string | undefined
}) {
  const { value, onChange, error } = props
  const maySetOwner = mayMakeOwners(useMe())
  return (
    <Radio.Group label="Role" value={value} error={error} onChange={(role) => onChange(role as OrgRoleBody)}>
      <Stack gap="xs" mt={6}>
        {ROLES.map((role) => {
          const isRefused = role.value === 'owner' && !maySetOwner
          return (
            <Radio
              key={role.value}
              value={role.value}
              label={role.name}
              description={isRefused ? 'Only an owner makes owners.' : role.detail}
              disabled={isRefused}
            />
          )
        })}
      </Stack>
    </Radio.Group>
  )
}
