import { Alert, Button, Group, Stack } from '@mantine/core'
import { IconUserEdit } from '@tabler/icons-react'
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { ControlError } from '../../../src/contract/control-error.ts'
import { Problem } from './problem.tsx'

/**
 * A form that waits for the gateway. What it refused stands at the field at fault where the form shows that field, else
 * above the buttons.
 * @param props.onSubmit may reject with what the gateway refused
 */
export function Form(props: {
  /** What the button does, as in `Save`. */
  readonly action: string
  readonly onSubmit: () => Promise<unknown>
  /** Default: there is nothing to cancel. */
  readonly onCancel?: () => void
  /** What that button says. Default: `Cancel`; another word where what was done stays done. */
  readonly cancelWord?: string
  /** Reads what somebody else has changed meanwhile, and puts it into the form. */
  readonly onLoadTheirs?: () => unknown
  /** Default: false. */
  readonly isDisabled?: boolean
  /** It takes something away: the button is red. Default: false. */
  readonly isDangerous?: boolean
  /** The fields. Asked with a field's name, the function gives what is wrong with it. */
  readonly children: (errorOf: (param: string) => string | undefined) => ReactNode
}) {
  const {
    action,
    onSubmit,
    onCancel,
    cancelWord = 'Cancel',
    onLoadTheirs,
    isDisabled = false,
    isDangerous = false,
    children,
  } = props
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  // Fields ask while they are drawn, after this: what is known here is what was drawn before.
  const [shown] = useState(() => new Set<string>())
  const errorOf = (param: string) => {
    shown.add(param)
    return error instanceof ControlError && error.param === param ? withoutParam(error) : undefined
  }
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (error === undefined) return
    const fault = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')
    fault?.focus({ preventScroll: true })
    const words = fault ?? form.current?.querySelector('[role="alert"]')
    words?.scrollIntoView({ block: 'center' })
  }, [error])
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      await onSubmit()
    } catch (thrown) {
      setError(thrown)
    } finally {
      setBusy(false)
    }
  }
  const loadTheirs = async () => {
    try {
      await onLoadTheirs?.()
      setError(undefined)
    } catch (thrown) {
      setError(thrown)
    }
  }
  const isConflict = error instanceof ControlError && error.code === 'version_conflict' && onLoadTheirs !== undefined
  const isAtField = error instanceof ControlError && error.param !== undefined && shown.has(error.param)
  return (
    <form ref={form} onSubmit={(event) => void submit(event)}>
      <Stack>
        {children(errorOf)}
        {isConflict && <Conflict onLoadTheirs={() => void loadTheirs()} />}
        {!isConflict && !isAtField && <Problem error={error} />}
        <Group className="form-end" justify="flex-end" gap="xs">
          {onCancel !== undefined && (
            <Button variant="default" onClick={onCancel}>
              {cancelWord}
            </Button>
          )}
          <Button type="submit" loading={isBusy} disabled={isDisabled} {...(isDangerous ? { color: 'red.8' } : {})}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Conflict({ onLoadTheirs }: { readonly onLoadTheirs: () => void }) {
  return (
    <Alert role="alert" color="yellow" icon={<IconUserEdit size={20} aria-hidden />} title="Changed by someone else">
      <Stack gap="xs" align="flex-start">
        Somebody saved another change since you opened this. Nothing of yours was saved. Load theirs, then make your
        change again.
        <Button size="xs" variant="default" onClick={onLoadTheirs}>
          Load theirs
        </Button>
      </Stack>
    </Alert>
  )
}

/** At the field itself its name before the message says nothing; what goes on from the name gets another subject. */
function withoutParam({ message, param }: ControlError): string {
  const words = message.startsWith(`${param}: `) ? message.slice(`${param}: `.length) : message
  return words.startsWith('must ') ? `This ${words}` : words
}
