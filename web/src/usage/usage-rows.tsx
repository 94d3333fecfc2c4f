import { Link } from '@tanstack/react-router'
import type { UsageGroupBody, UsageRestBody } from '../../../src/contract/requests.ts'
import { formatNumber } from '../parts/format.ts'
import { groupName } from './group-name.ts'
import { MEASURES, type MeasureName } from './measures.ts'
import { pointsOf, type Step } from './over-time.ts'
import type { TimeRange } from './time-range.ts'
import type { Narrower } from './usage-filter.ts'
import type { UsageRow } from './usage-table.tsx'

/** The steps in which something happened, newest first. */
export function rowsOverTime(steps: readonly Step[], unit: TimeRange['unit']): UsageRow[] {
  const points = pointsOf(steps, unit)
  return steps
    .map((step, index) => ({ ...step, id: String(step.at), title: points[index]?.title }))
    .filter(({ requests }) => requests > 0)
    .reverse()
}

/** The groups, most of the measure first, each leading to what it used over time. @param labelOf of an upstream, by its id */
export function rowsOfGroups(
  groups: readonly UsageGroupBody[],
  by: Narrower,
  measure: MeasureName,
  labelOf: (id: string | null) => string | null,
): UsageRow[] {
  const { of } = MEASURES[measure]
  const sorted = groups.toSorted((one, other) => of(other) - of(one))
  return sorted.map(({ group, name, ...sums }) => {
    const title = groupName({ group, name }, by, labelOf)
    return {
      ...sums,
      id: group ?? '',
      title:
        group === null ? (
          <span className="dimmed">{title}</span>
        ) : (
          <Link to="." search={(before) => ({ ...before, by: 'time', [by]: group })} className="quiet-link">
            {title}
          </Link>
        ),
    }
  })
}

/** The row of all groups that are not shown, for the end of the table. */
export function restRow({ groups, ...sums }: UsageRestBody): UsageRow {
  // No group has such an id.
  return { ...sums, id: '\u0000', title: <span className="dimmed">{`${formatNumber(groups)} more`}</span> }
}
