import { Button, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Page } from './page.tsx'
import { Problem } from './problem.tsx'

/** Longer than any code with spaces and dashes that somebody may type. */
const MAX_TYPED = 32

/** Asks for the code that another machine shows. */
export function CodeForm(props: {
  readonly title: string
  /** Which program shows the code, and where. */
  readonly description: ReactNode
  /** As in `9KV-DU6`. */
  readonly example: string
  readonly onCode: (code: string) => void
  /** What was wrong with the code before. */
  readonly error?: unknown
  /** Default: empty. */
  readonly code?: string
}) {
  const { title, description, example, onCode, error, code: first = '' } = props
  const [code, setCode] = useState(first)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onCode(code.trim().toUpperCase())
  }
  return (
    <Page title={title} description={description}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Code"
            value={code}
            onChange={({ currentTarget }) => setCode(currentTarget.value)}
            required
            maxLength={MAX_TYPED}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            classNames={{ input: 'code-input' }}
            description={`As in ${example}.`}
          />
          <Problem error={error} />
          <Button type="submit">Go on</Button>
          <Text size="sm" c="dimmed">
            Somebody sent you a code you did not ask for? Leave it: whoever shows it would get in.
          </Text>
        </Stack>
      </form>
    </Page>
  )
}
