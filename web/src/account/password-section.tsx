import { Button, PasswordInput, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { changePassword } from '../auth.ts'
import { NewPassword } from '../parts/new-password.tsx'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { StatePill } from '../parts/state-pill.tsx'
import { useMe } from '../queries.ts'

/** Changes the password. */
export function PasswordSection() {
  const { person } = useMe()
  const queries = useQueryClient()
  const [isOpen, setOpen] = useState(false)
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const close = () => {
    setOpen(false)
    setCurrent('')
    setNext('')
  }
  const change = useMutation({
    mutationFn: () => changePassword(current, next),
    onSuccess: async () => {
      close()
      await queries.invalidateQueries({ queryKey: ['sessions'] })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate()
  }
  return (
    <Section
      title="Password"
      description="Changing it ends all other sessions."
      actions={
        !isOpen && (
          <>
            {change.isSuccess && <StatePill tone="good">Changed</StatePill>}
            <Button variant="default" size="sm" onClick={() => setOpen(true)}>
              Change the password
            </Button>
          </>
        )
      }
    >
      {isOpen && (
        <form onSubmit={submit}>
          <Stack maw={420}>
            <input type="hidden" name="username" autoComplete="username" value={person?.email ?? ''} readOnly />
            <PasswordInput
              label="Password now"
              value={current}
              onChange={({ currentTarget }) => setCurrent(currentTarget.value)}
              required
              autoComplete="current-password"
            />
            <NewPassword
              label="New password"
              value={next}
              onChange={setNext}
              about={[person?.name ?? '', person?.email ?? '']}
            />
            <Problem error={change.error} />
            <div className="button-row">
              <Button type="submit" loading={change.isPending}>
                Change it
              </Button>
              <Button variant="subtle" color="gray" onClick={close}>
                Cancel
              </Button>
            </div>
          </Stack>
        </form>
      )}
    </Section>
  )
}
