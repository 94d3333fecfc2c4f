import { Stack, Text } from '@mantine/core'
import { IconCheck, IconClockX, IconX } from '@tabler/icons-react'
import { type ReactNode, useEffect, useRef } from 'react'
import { Page } from './page.tsx'

const MARKS = { good: IconCheck, bad: IconX, idle: IconClockX } as const

/** Where a way has ended, well or not. It is read out. */
export function EndState(props: {
  readonly tone: keyof typeof MARKS
  readonly title: string
  readonly children: ReactNode
  /** What can be done next. */
  readonly action?: ReactNode
}) {
  const { tone, title, children, action } = props
  const place = useRef<HTMLDivElement>(null)
  const Mark = MARKS[tone]
  // What had the focus is gone.
  useEffect(() => place.current?.querySelector('h1')?.focus({ preventScroll: true }), [])
  return (
    <Stack gap="md" ref={place}>
      <span className="end-mark" data-tone={tone}>
        <Mark size={26} aria-hidden />
      </span>
      <Page title={title} />
      <Text component="div" className="end-words">
        {children}
      </Text>
      {action}
    </Stack>
  )
}
