import { Anchor, Button, Center, Loader, Stack, Text, Title } from '@mantine/core'
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { Problem } from './problem.tsx'

/** What stands while a page is on its way. */
export function WaitingPage() {
  return (
    <Center mih="60vh" role="status" aria-label="Loading">
      <Loader type="dots" />
    </Center>
  )
}

/** An address that leads nowhere. */
export function NotFoundPage() {
  return (
    <Center component="main" mih="60vh" p="md">
      <title>No such page – Punku</title>
      <Stack align="center" gap="xs">
        <Title order={1} size="h3">
          There is no such page
        </Title>
        <Text c="dimmed" ta="center">
          The link may be old, or it lost a letter on its way.
        </Text>
        <Anchor href="/ui/">To the overview</Anchor>
      </Stack>
    </Center>
  )
}

/** A page that could not be shown. */
export function FailedPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const retry = () => {
    reset()
    void router.invalidate()
  }
  return (
    <Center component="main" mih="60vh" p="md">
      <title>Not shown – Punku</title>
      <Stack maw={520}>
        <Title order={1} size="h3">
          This page could not be shown
        </Title>
        <Problem error={error} />
        <Button variant="default" onClick={retry}>
          Try again
        </Button>
      </Stack>
    </Center>
  )
}
