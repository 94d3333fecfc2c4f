import '../requests/requests.css'
import { Button, Skeleton } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ControlError } from '../../../src/contract/control-error.ts'
import type { ShownRequestBody } from '../../../src/contract/requests.ts'
import { api } from '../api.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { Empty } from '../parts/empty.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Section } from '../parts/section.tsx'
import { StatePill } from '../parts/state-pill.tsx'
import { LiveAge } from '../requests/live-age.tsx'
import { liveQuery } from '../requests/live-query.ts'
import { Outcome } from '../requests/outcome.tsx'
import { PHASE_WORDS } from '../requests/phase-words.ts'
import { RequestError } from '../requests/request-error.tsx'
import { RequestFacts } from '../requests/request-facts.tsx'
import { phasesOf } from '../requests/timeline.ts'
import { TimelineBar } from '../requests/timeline-bar.tsx'

/** The page `/ui/requests/$request`: one request, from its arrival to its end. */
export function Request() {
  const { request: id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery({
    queryKey: ['requests', 'one', id],
    queryFn: ({ signal }) => api('showRequest', { params: { request: id }, signal }),
  })
  const isUnknown = error instanceof ControlError && error.code === 'not_found'
  return (
    <Page
      title="Request"
      description={
        <span className="with-icon">
          <code className="request-id">{id}</code>
          <CopyButton text={id} label="Copy the id" />
        </span>
      }
      actions={
        <Button
          component={Link}
          to="/ui/requests"
          variant="default"
          leftSection={<IconArrowLeft size={16} aria-hidden />}
        >
          All requests
        </Button>
      }
    >
      {data !== undefined ? (
        <Recorded request={data} />
      ) : isUnknown ? (
        <Unrecorded id={id} />
      ) : error !== null ? (
        <Problem error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton height={420} radius={12} />
      )}
    </Page>
  )
}

function Recorded({ request }: { readonly request: ShownRequestBody }) {
  return (
    <div className="request">
      <p className="request-summary">
        <Outcome request={request} /> <strong>{request.modelUsed ?? request.modelAsked ?? request.route}</strong>
      </p>
      {request.errorCode !== null && <RequestError code={request.errorCode} serverSaid={request.serverSaid} />}
      <Section title="Timeline">
        <TimelineBar phases={phasesOf(request)} />
      </Section>
      <Section title="Facts" description="What was asked and what was answered is never kept.">
        <RequestFacts request={request} />
      </Section>
    </div>
  )
}

/** A request has a record when it is over. */
function Unrecorded({ id }: { readonly id: string }) {
  const { data: live, dataUpdatedAt } = useQuery(liveQuery)
  const running = live?.find((request) => request.id === id)
  if (running === undefined) {
    return (
      <Empty title="There is no such request">
        It was never here, it was removed when its time was over, or it belongs to another org.
      </Empty>
    )
  }
  return (
    <div className="card section">
      <p className="request-summary">
        <StatePill tone="busy">{PHASE_WORDS[running.phase]}</StatePill>{' '}
        <strong>{running.model ?? running.route}</strong>
      </p>
      <p className="request-running">
        It runs for <LiveAge ageMs={running.ageMs} readAt={dataUpdatedAt} />. Its timeline is drawn here when it is
        over.
      </p>
    </div>
  )
}
