import '../requests/requests.css'
import { Button } from '@mantine/core'
import { IconActivity, IconDownload } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { controlPath } from '../../../src/contract/client.ts'
import { Empty } from '../parts/empty.tsx'
import { MoreRows } from '../parts/more-rows.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { may, useMe } from '../queries.ts'
import { requestFilter, useFilter } from '../requests/filter.ts'
import { FollowBar } from '../requests/follow-bar.tsx'
import { RequestFilters } from '../requests/request-filters.tsx'
import { RequestTable } from '../requests/request-table.tsx'
import { useIsScrolled } from '../requests/use-is-scrolled.ts'
import { useRequests } from '../requests/use-requests.ts'

/** The page `/ui/requests`. */
export function Requests() {
  const me = useMe()
  const [filter, changeFilter] = useFilter()
  // Counted back from when it was chosen: a beginning that moves would be another question at every look.
  const asked = useMemo(() => requestFilter(filter, Date.now()), [filter])
  const [isPointed, setPointed] = useState(false)
  const [isFocused, setFocused] = useState(false)
  const isScrolled = useIsScrolled()
  const isHeld = isPointed || isFocused || isScrolled
  const requests = useRequests(asked, isHeld)
  const isAdmin = may(me, 'admin')
  return (
    <Page
      title="Requests"
      description={
        isAdmin
          ? 'Who asked which model, when, and how it went. What was asked and answered is never kept.'
          : 'What your own keys asked, when, and how it went. What was asked and answered is never kept.'
      }
      actions={
        isAdmin && (
          <Button
            component="a"
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            href={controlPath('exportRequests', asked)}
            download="requests.ndjson"
          >
            Export NDJSON
          </Button>
        )
      }
    >
      <RequestFilters filter={filter} onChange={changeFilter} />
      <FollowBar isHeld={isHeld} newCount={requests.newCount} onShow={requests.showNew} />
      <Problem error={requests.error} onRetry={requests.retry} />
      {(requests.rows !== undefined || requests.error === null) && (
        // biome-ignore lint/a11y/noStaticElementInteractions: it only notices that somebody reads
        <div
          onPointerEnter={({ pointerType }) => setPointed(pointerType === 'mouse')}
          onPointerLeave={() => setPointed(false)}
          onFocus={() => setFocused(true)}
          onBlur={({ currentTarget, relatedTarget }) => setFocused(currentTarget.contains(relatedTarget))}
        >
          {requests.rows?.length === 0 ? (
            <NoRequests isFiltered={Object.keys(filter).length > 0} />
          ) : (
            <RequestTable rows={requests.rows} />
          )}
        </div>
      )}
      {requests.rows !== undefined && requests.rows.length > 0 && (
        <MoreRows list={requests} end="That is all there is." />
      )}
    </Page>
  )
}

function NoRequests({ isFiltered }: { readonly isFiltered: boolean }) {
  return isFiltered ? (
    <Empty icon={IconActivity} title="No request is like that">
      Widen the filter, or clear it.
    </Empty>
  ) : (
    <Empty icon={IconActivity} title="No requests yet">
      As soon as a client asks a model through this gateway, it is listed here.
    </Empty>
  )
}
