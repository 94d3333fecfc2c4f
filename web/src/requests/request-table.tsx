import { Link } from '@tanstack/react-router'
import type { RequestBody } from '../../../src/contract/requests.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { formatExact, formatMs, formatShort, UNKNOWN } from '../parts/format.ts'
import { Outcome } from './outcome.tsx'
import { tokensPerSecond } from './timeline.ts'

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })

const COLUMNS: readonly Column<RequestBody>[] = [
  {
    name: 'Arrived',
    isHeading: true,
    cell: ({ id, at }) => (
      <time className="request-time" dateTime={at} title={formatExact(at)}>
        <Link to="/ui/requests/$request" params={{ request: id }} className="quiet-link">
          {clock.format(Date.parse(at))}
        </Link>
        <small>{day.format(Date.parse(at))}</small>
      </time>
    ),
  },
  {
    name: 'Model',
    cell: ({ modelUsed, modelAsked, route, clientName, translated }) => (
      <span className="request-name" title={modelUsed ?? modelAsked ?? route}>
        {modelUsed ?? modelAsked ?? <span className="dimmed">{route}</span>}
        {translated !== null && <small title={`Put into another format: ${translated}`}>translated</small>}
        {clientName !== null && <small>{clientName}</small>}
      </span>
    ),
  },
  {
    name: 'Key',
    cell: ({ keyId, keyName, personName }) => (
      <span className="request-name" title={keyName ?? keyId ?? ''}>
        {keyName ?? keyId ?? UNKNOWN}
        {personName !== null && <small>{personName}</small>}
      </span>
    ),
  },
  { name: 'Outcome', cell: (request) => <Outcome request={request} /> },
  {
    name: 'Tokens',
    isNumber: true,
    cell: ({ promptTokens, completionTokens, isEstimated }) =>
      promptTokens === null && completionTokens === null ? (
        UNKNOWN
      ) : (
        <span title={isEstimated ? 'Estimated: the model server told no numbers' : 'Prompt → answer'}>
          {isEstimated && '≈ '}
          {formatShort(promptTokens)} → {formatShort(completionTokens)}
        </span>
      ),
  },
  { name: 'First byte', isNumber: true, cell: ({ ttfbMs }) => formatMs(ttfbMs) },
  {
    name: 'Took',
    isNumber: true,
    cell: (request) => {
      const speed = tokensPerSecond(request)
      return (
        <span className="request-took">
          {formatMs(request.durationMs)}
          {speed !== null && <small>{formatShort(speed)} tokens/s</small>}
        </span>
      )
    },
  },
]

/** Recorded requests, each leading to its own page. @param rows undefined: they are being read */
export function RequestTable({ rows }: { readonly rows: readonly RequestBody[] | undefined }) {
  return <DataTable label="Requests" columns={COLUMNS} rows={rows} rowKey={({ id }) => id} />
}
