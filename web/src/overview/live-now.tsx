import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { LiveRequestBody } from '../../../src/contract/requests.ts'
import { formatNumber } from '../parts/format.ts'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { StatePill } from '../parts/state-pill.tsx'
import { LiveAge } from '../requests/live-age.tsx'
import { liveQuery } from '../requests/live-query.ts'
import { useUpstreamLabel } from '../requests/names.ts'
import { PHASE_WORDS } from '../requests/phase-words.ts'

const SHOWN = 8

/** The requests that run now, the longest first. */
export function LiveNow() {
  const { data: live, dataUpdatedAt, error, refetch } = useQuery(liveQuery)
  const more = (live?.length ?? 0) - SHOWN
  return (
    <Section title="Running now" actions={<Link to="/ui/requests">All requests</Link>}>
      <Problem error={error} onRetry={() => void refetch()} />
      {live !== undefined && live.length > 0 ? (
        <ul className="live-now">
          {live.slice(0, SHOWN).map((request) => (
            <LiveRow key={request.id} request={request} readAt={dataUpdatedAt} />
          ))}
        </ul>
      ) : (
        <p className="live-nothing">{live === undefined ? '' : 'Nothing runs right now.'}</p>
      )}
      {more > 0 && <p className="dimmed">{`And ${formatNumber(more)} more.`}</p>}
    </Section>
  )
}

function LiveRow({ request, readAt }: { readonly request: LiveRequestBody; readonly readAt: number }) {
  const labelOf = useUpstreamLabel()
  const { id, model, route, keyName, keyId, upstream, phase, ageMs } = request
  return (
    <li>
      <Link to="/ui/requests/$request" params={{ request: id }} className="quiet-link live-model">
        {model ?? route}
      </Link>
      <span className="live-who">
        {keyName ?? keyId ?? 'no key'}
        {upstream !== null && ` → ${labelOf(upstream)}`}
      </span>
      <StatePill tone={phase === 'answering' ? 'good' : 'busy'}>{PHASE_WORDS[phase]}</StatePill>
      <span className="live-age">
        <LiveAge ageMs={ageMs} readAt={readAt} />
      </span>
    </li>
  )
}
