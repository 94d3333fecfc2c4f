import '../overview/overview.css'
import { Skeleton } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { HealthBody } from '../../../src/contract/gateway.ts'
import { Attention } from '../overview/attention.tsx'
import { Lately } from '../overview/lately.tsx'
import { LiveNow } from '../overview/live-now.tsx'
import { NextStep } from '../overview/next-step.tsx'
import { nextStep } from '../overview/steps.ts'
import { formatNumber } from '../parts/format.ts'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { useHealth } from '../queries.ts'

/** The page `/ui/`: what runs, and what needs somebody. */
export function Overview() {
  const { data: health, error, refetch } = useHealth()
  return (
    <Page title="Overview" description={<Standing health={health} />}>
      <div className="overview">
        {health !== undefined ? (
          <Known health={health} />
        ) : error !== null ? (
          <Problem error={error} onRetry={() => void refetch()} />
        ) : (
          <Skeleton height={480} radius={12} />
        )}
      </div>
    </Page>
  )
}

function Known({ health }: { readonly health: HealthBody }) {
  const step = nextStep(health)
  if (step === undefined) {
    return (
      <>
        <Attention items={health.attention} />
        <LiveNow />
        <Lately />
      </>
    )
  }
  return (
    <>
      <NextStep step={step} />
      <Attention items={health.attention.filter(({ kind }) => kind !== 'no_upstream' && kind !== 'no_key')} />
    </>
  )
}

/** What there is, in a line. */
function Standing({ health }: { readonly health: HealthBody | undefined }) {
  if (health === undefined) return ' '
  const { upstreams, tunnels, models, keys } = health
  return (
    <span className="standing">
      <Link to="/ui/upstreams">{`${upstreams.up} of ${counted(upstreams.all, 'upstream')} up`}</Link>
      {tunnels.live > 0 && (
        <Link to="/ui/tunnels">{`${tunnels.connected} of ${counted(tunnels.live, 'agent')} connected`}</Link>
      )}
      <Link to="/ui/models">{counted(models, 'model')}</Link>
      <Link to="/ui/keys">{counted(keys, 'key')}</Link>
    </span>
  )
}

function counted(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`
}
