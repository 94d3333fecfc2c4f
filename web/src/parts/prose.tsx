import { Code } from '@mantine/core'
import { Fragment } from 'react'

/** A message of the gateway: what stands between backticks is code. */
export function Prose({ text }: { readonly text: string }) {
  return text.split('`').map((part, at) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
    at % 2 === 0 ? <Fragment key={at}>{part}</Fragment> : <Code key={at}>{part}</Code>,
  )
}
