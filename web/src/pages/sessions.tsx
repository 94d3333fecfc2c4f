import '../sessions/sessions.css'
import { IconTerminal2 } from '@tabler/icons-react'
import { useCallback, useMemo } from 'react'
import { Empty } from '../parts/empty.tsx'
import { LateInput } from '../parts/late-input.tsx'
import { MoreRows } from '../parts/more-rows.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { useSearchText } from '../parts/search.ts'
import { may, useMe } from '../queries.ts'
import { SessionComparison } from '../sessions/session-comparison.tsx'
import { useSessions } from '../sessions/session-queries.ts'
import { SessionTable } from '../sessions/session-table.tsx'

/** More bars beside each other tell nothing any more. */
const MAX_CHOSEN = 6

/** The page `/ui/sessions`. */
export function Sessions() {
  const me = useMe()
  const [label, setLabel] = useSearchText('label')
  const [compared, setCompared] = useSearchText('compare')
  const chosen = useMemo(() => compared.split(',').filter((id) => id !== ''), [compared])
  const sessions = useSessions(label)
  const choose = useCallback(
    (id: string, isChosen: boolean) => {
      const others = chosen.filter((other) => other !== id)
      setCompared((isChosen ? [...others, id].slice(-MAX_CHOSEN) : others).join(','))
    },
    [chosen, setCompared],
  )
  const whose = may(me, 'admin') ? 'What coding tools did' : 'What your own coding tools did'
  return (
    <Page
      title="Sessions"
      description={`${whose} in the last 30 days, by session. What was asked and answered is never kept.`}
    >
      <div className="session-filter">
        <LateInput label="Label" value={label} onChange={setLabel} />
      </div>
      {chosen.length > 0 && (
        <div className="session-comparison">
          <SessionComparison chosen={chosen} onClear={() => setCompared('')} />
        </div>
      )}
      <Problem error={sessions.error} onRetry={sessions.retry} />
      {sessions.rows?.length === 0 ? (
        <Empty icon={IconTerminal2} title={label === '' ? 'No sessions yet' : 'No session has this label'}>
          A session is listed as soon as a tool names one with its requests, as coding tools do.
        </Empty>
      ) : (
        (sessions.rows !== undefined || sessions.error === null) && (
          <SessionTable rows={sessions.rows} currency={sessions.currency} chosen={chosen} onChoose={choose} />
        )
      )}
      {sessions.rows !== undefined && sessions.rows.length > 0 && <MoreRows list={sessions} />}
    </Page>
  )
}
