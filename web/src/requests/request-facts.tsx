import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { RequestBody } from '../../../src/contract/requests.ts'
import { formatExact, formatNumber, UNKNOWN } from '../parts/format.ts'
import type { Filter } from './filter.ts'
import { formatBytesExactly } from './format-exactly.ts'
import { useUpstreamLabel } from './names.ts'
import { tokensPerSecond } from './timeline.ts'

/** All that is known of a request. What others may share with it leads to them. */
export function RequestFacts({ request }: { readonly request: RequestBody }) {
  const labelOf = useUpstreamLabel()
  const { keyId, personId, upstream, sessionId, clientName, modelAsked, modelUsed } = request
  const speed = tokensPerSecond(request)
  return (
    <dl className="request-facts">
      <Fact name="Arrived">{formatExact(request.at)}</Fact>
      <Fact name="Key">
        <Like filter={keyId === null ? undefined : { key: keyId }}>{request.keyName ?? keyId ?? 'none'}</Like>
      </Fact>
      <Fact name="Person">
        <Like filter={personId === null ? undefined : { person: personId }}>
          {request.personName ?? personId ?? UNKNOWN}
        </Like>
      </Fact>
      <Fact name="Client">
        <Like filter={clientName === null ? undefined : { client: clientName }}>{clientName ?? UNKNOWN}</Like>{' '}
        {request.clientVersion}
      </Fact>
      <Fact name="Session">
        <Like filter={sessionId === null ? undefined : { session: sessionId }}>{sessionId ?? UNKNOWN}</Like>
        {request.sessionLabel !== null && `, ${request.sessionLabel}`}
      </Fact>
      <Fact name="Model asked for">
        <Like filter={modelAsked === null ? undefined : { model: modelAsked }}>{modelAsked ?? UNKNOWN}</Like>
      </Fact>
      <Fact name="Model that answered">{modelUsed ?? UNKNOWN}</Fact>
      <Fact name="Upstream">
        <Like filter={upstream === null ? undefined : { upstream }}>{labelOf(upstream) ?? 'none'}</Like>
      </Fact>
      <Fact name="Route">
        <code>{request.route}</code>
      </Fact>
      <Fact name="Dialect">{request.dialect}</Fact>
      {request.translated !== null && <Fact name="Translated">to {request.translated}</Fact>}
      <Fact name="Answer">{request.isStreamed ? 'Streamed' : 'In one piece'}</Fact>
      <Fact name="Status">{request.status}</Fact>
      <Fact name="Prompt tokens">
        {estimate(request)}
        {formatNumber(request.promptTokens)}
        {request.cachedTokens !== null && `, ${formatNumber(request.cachedTokens)} of them cached`}
      </Fact>
      <Fact name="Answer tokens">
        {estimate(request)}
        {formatNumber(request.completionTokens)}
      </Fact>
      <Fact name="Speed of the answer">
        {speed === null ? UNKNOWN : `${speed.toLocaleString(undefined, { maximumFractionDigits: 1 })} tokens/s`}
      </Fact>
      {request.toolCalls.length > 0 && (
        <Fact name="Tools called">{request.toolCalls.map(({ name, count }) => `${name} ${count}`).join(', ')}</Fact>
      )}
      {request.leftOut.length > 0 && <Fact name="Left out">{request.leftOut.join(', ')}</Fact>}
      <Fact name="Request size">{formatBytesExactly(request.requestBytes)}</Fact>
      <Fact name="Answer size">{formatBytesExactly(request.responseBytes)}</Fact>
    </dl>
  )
}

function estimate({ isEstimated }: RequestBody): string {
  return isEstimated ? 'about ' : ''
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** Leads to the requests that have the same. */
function Like({ filter, children }: { readonly filter: Filter | undefined; readonly children: ReactNode }) {
  if (filter === undefined) return children
  return (
    <Link to="/ui/requests" search={filter}>
      {children}
    </Link>
  )
}
