import { Stack, Text } from '@mantine/core'
import { IconEyeOff } from '@tabler/icons-react'
import { CopyButton } from './copy-button.tsx'

/** A secret that is shown this once, selected by one click. */
export function SecretOnce(props: {
  readonly secret: string
  /** What it is, as in `key`. */
  readonly what: string
}) {
  const { secret, what } = props
  return (
    <Stack gap="xs">
      <output className="secret-once" aria-label={what}>
        {secret}
      </output>
      <div className="secret-once-row">
        <CopyButton text={secret} label={`Copy the ${what}`} isWide />
        <Text size="sm" c="dimmed" className="with-icon">
          <IconEyeOff size={16} aria-hidden /> Shown this once. Nobody can look it up later.
        </Text>
      </div>
    </Stack>
  )
}
