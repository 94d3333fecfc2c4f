import { NativeSelect, Text } from '@mantine/core'
import { useState } from 'react'
import type { IssuedKeyBody, KeyBody } from '../../../src/contract/keys.ts'
import { api } from '../api.ts'
import { Form } from '../parts/form.tsx'
import { IssuedKey } from './issued-key.tsx'
import { usePlaceKey } from './key-queries.ts'
import { DAY_MS } from './key-words.ts'

const HOUR_MS = 3_600_000
const GRACES = [
  { value: '0', label: 'Not at all: it ends now' },
  { value: String(HOUR_MS), label: 'For an hour' },
  { value: String(DAY_MS), label: 'For a day' },
  { value: String(7 * DAY_MS), label: 'For 7 days' },
  { value: String(30 * DAY_MS), label: 'For 30 days' },
]

/** Gives a key a new text, and shows it. */
export function RotateKey({ keyBody, onDone }: { readonly keyBody: KeyBody; readonly onDone: () => void }) {
  const place = usePlaceKey()
  const [grace, setGrace] = useState(String(DAY_MS))
  const [issued, setIssued] = useState<IssuedKeyBody>()
  const rotate = async () => {
    const rotated = await api('rotateKey', {
      params: { key: keyBody.id },
      body: { graceMs: Number(grace) },
    })
    const { key: _text, ...listed } = rotated
    setIssued(rotated)
    place(listed)
  }
  if (issued !== undefined) return <IssuedKey issued={issued} onDone={onDone} />
  return (
    <Form action="Rotate the key" onSubmit={rotate} onCancel={onDone}>
      {(errorOf) => (
        <>
          <Text size="sm">
            The key gets a new text and keeps all else: its name, what it may do, its usage. Running answers go on.
          </Text>
          <NativeSelect
            label="The old text still works"
            description="Long enough to give the new one to all who use it."
            data={GRACES}
            value={grace}
            error={errorOf('graceMs')}
            onChange={(event) => setGrace(event.currentTarget.value)}
          />
        </>
      )}
    </Form>
  )
}
