import { Stack, Text, Title } from '@mantine/core'
import type { IconDoor } from '@tabler/icons-react'
import type { ReactNode } from 'react'

/** Where there is nothing yet: what would be here, and the next step. */
export function Empty(props: {
  readonly icon?: typeof IconDoor
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
}) {
  const { icon: Icon, title, children, action } = props
  return (
    <Stack className="empty" align="center" gap="xs">
      {Icon !== undefined && <Icon size={32} stroke={1.4} aria-hidden className="empty-icon" />}
      <Title order={2} size="h4">
        {title}
      </Title>
      {children !== undefined && (
        <Text c="dimmed" component="div" className="empty-words">
          {children}
        </Text>
      )}
      {action}
    </Stack>
  )
}
