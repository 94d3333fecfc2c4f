import { Alert, Anchor, List, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { CopyLine } from '../parts/copy-line.tsx'
import { SecretOnce } from '../parts/secret-once.tsx'
import { Time } from '../parts/time.tsx'
import { CONNECT_COMMAND, isLoopback, pairCommand } from './pair-command.ts'

/** How a machine with somebody at it is paired: its code is confirmed in the browser. */
export function CodeSteps({ publicUrl }: { readonly publicUrl: string }) {
  return (
    <Steps publicUrl={publicUrl}>
      <List.Item>
        On the machine that has the models, run
        <CopyLine text={pairCommand(publicUrl)} />
      </List.Item>
      <List.Item>
        It shows a code and opens a page. Compare the two codes there, and confirm. No browser on that machine? Open{' '}
        <Anchor href="/connect" target="_blank">
          {`${publicUrl}/connect`}
        </Anchor>{' '}
        here and type the code.
      </List.Item>
      <ConnectStep />
    </Steps>
  )
}

/** How a machine with nobody at it is paired: with a token that works once. */
export function TokenSteps(props: {
  readonly publicUrl: string
  readonly token: string
  readonly expiresAt: string
  /** The machine was paired before. */
  readonly replaces?: boolean
}) {
  const { publicUrl, token, expiresAt, replaces = false } = props
  return (
    <Steps publicUrl={publicUrl}>
      <List.Item>
        Copy the token. It pairs one machine, once, and ends <Time at={expiresAt} />.
        <SecretOnce secret={token} what="token" />
      </List.Item>
      <List.Item>
        On the machine that has the models, run this and paste the token when it asks. So it stands in no history and no
        list of processes.
        <CopyLine text={pairCommand(publicUrl, { hasToken: true, replaces })} />
      </List.Item>
      <ConnectStep />
    </Steps>
  )
}

function ConnectStep() {
  return (
    <List.Item>
      Then serve its models, for as long as this runs:
      <CopyLine text={CONNECT_COMMAND} />
    </List.Item>
  )
}

function Steps({ publicUrl, children }: { readonly publicUrl: string; readonly children: ReactNode }) {
  return (
    <>
      {isLoopback(publicUrl) && (
        <Alert color="yellow" icon={<IconAlertTriangle size={20} aria-hidden />}>
          <Text size="sm">
            {publicUrl} works on the gateway’s own machine only. For others to reach it, let it listen on the network
            and set <code>gateway.publicUrl</code>.
          </Text>
        </Alert>
      )}
      <List type="ordered" size="sm" className="tunnel-steps">
        <List.Item>
          The machine that has the models needs a checkout of Punku too. In its folder, bring what it runs with, and run
          the commands below there.
          <CopyLine text="npm ci" />
        </List.Item>
        {children}
      </List>
    </>
  )
}
