import { Anchor } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { api } from '../api.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { UNKNOWN } from '../parts/format.ts'
import { Time } from '../parts/time.tsx'
import { may, useEntrance, useMe } from '../queries.ts'

/** The gateway itself: what it is, where it is reached, and where to read on. */
export function About() {
  const me = useMe()
  const { data: entrance } = useEntrance()
  const { data: status } = useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => api('status', { signal }),
    enabled: may(me, 'system'),
  })
  return (
    <dl className="about">
      <Fact name="Version">Punku {entrance?.version ?? UNKNOWN}</Fact>
      <Fact name="Address">
        <span className="mono">{me.publicUrl}</span>
        <CopyButton text={me.publicUrl} label="Copy the address" />
      </Fact>
      {status !== undefined && (
        <>
          <Fact name="Listens on">
            <span className="mono">{status.addresses.join(', ')}</span>
          </Fact>
          <Fact name="Started">
            <Time at={status.startedAt} />
          </Fact>
        </>
      )}
      <Fact name="Control API">
        <Anchor size="sm" href="/control/openapi.json" target="_blank" rel="noreferrer">
          Its description (OpenAPI)
        </Anchor>
      </Fact>
      <Fact name="Documentation">
        <span>
          In the folder <code>docs</code> of the package: start with <code>docs/api.md</code>. On the command line,{' '}
          <code>punku --help</code>, in a clone <code>./punku --help</code>.
        </span>
      </Fact>
      <Fact name="Licence">Apache-2.0</Fact>
    </dl>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
