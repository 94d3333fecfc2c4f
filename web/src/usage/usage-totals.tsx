import { formatCost, formatMs, formatNumber, formatShort } from '../parts/format.ts'
import { Stat } from '../parts/stat.tsx'
import { formatShare } from './share.ts'
import { errorRateOf, type Sums } from './sums.ts'

interface UsageTotalsProps {
  /** Undefined: they are being read. */
  readonly sums: Sums | undefined
  /** Undefined: no prices are set. */
  readonly currency: string | undefined
}

/** All of some usage in a few numbers. */
export function UsageTotals({ sums, currency }: UsageTotalsProps) {
  const rate = sums === undefined ? null : errorRateOf(sums)
  return (
    <dl className="stats">
      <Stat
        name="Requests"
        value={sums && formatNumber(sums.requests)}
        note={rate === null || rate === 0 ? 'None failed' : `${formatShare(rate)} failed`}
      />
      <Stat
        name="Prompt tokens"
        value={sums && <span title={formatNumber(sums.promptTokens)}>{formatShort(sums.promptTokens)}</span>}
        note={sums && sums.cachedTokens > 0 ? `${formatShare(sums.cachedTokens / sums.promptTokens)} cached` : ''}
      />
      <Stat
        name="Answer tokens"
        value={sums && <span title={formatNumber(sums.completionTokens)}>{formatShort(sums.completionTokens)}</span>}
        note={sums && sums.estimated > 0 ? `${formatNumber(sums.estimated)} requests estimated` : ''}
      />
      <Stat name="Model time" value={sums && formatMs(sums.busyMs)} note="From sending to the end" />
      {currency !== undefined && (
        <Stat name="Cost" value={sums && formatCost(sums.cost, currency)} note="At your prices" />
      )}
    </dl>
  )
}
