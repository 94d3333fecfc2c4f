import { Group, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'

let opened = 0

/** A page: its title is the document's and its one `h1`, which has the focus once somebody came here from another page. */
export function Page(props: {
  readonly title: string
  readonly description?: ReactNode
  /** Buttons beside the title. */
  readonly actions?: ReactNode
  readonly children?: ReactNode
}) {
  const { title, description, actions, children } = props
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // The first page of a visit leaves the focus to the browser.
    if (opened > 0) heading.current?.focus({ preventScroll: true })
    opened += 1
  }, [])
  return (
    <>
      <title>{`${title} – Punku`}</title>
      <Group component="header" className="page-head" justify="space-between" align="flex-start" gap="md">
        <div className="page-words">
          <Title order={1} ref={heading} tabIndex={-1} className="page-title">
            {title}
          </Title>
          {description !== undefined && (
            <Text c="dimmed" mt={4} component="div" className="page-description">
              {description}
            </Text>
          )}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </>
  )
}
