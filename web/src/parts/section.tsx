import { Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

/** A part of a page in a box of its own, under a heading. */
export function Section(props: {
  readonly title: string
  readonly description?: ReactNode
  /** Buttons beside the heading. */
  readonly actions?: ReactNode
  readonly children?: ReactNode
}) {
  const { title, description, actions, children } = props
  return (
    <section className="card section" aria-label={title}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div className="page-words">
          <Title order={2} size="h4">
            {title}
          </Title>
          {description !== undefined && (
            <Text size="sm" c="dimmed" mt={2} component="div" className="page-description">
              {description}
            </Text>
          )}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children !== undefined && <div className="section-body">{children}</div>}
    </section>
  )
}
