import { type CountedRun, runCounted } from '../../core/counted-run.ts'
import type { Bucket, CountLimit, Counts } from './counts.ts'

/** How what is tried is counted. */
export interface AttemptCounting extends Pick<CountedRun, 'wrong' | 'refuse'> {
  readonly bucket: Bucket
  /** Whoever tries. */
  readonly key: string
  readonly limit: CountLimit
}

/** As `runCounted`, for counts that all gateways on one database share. */
export async function countAttempt<T>(
  counts: Pick<Counts, 'take' | 'giveBack'>,
  { bucket, key, limit, wrong, refuse }: AttemptCounting,
  run: () => Promise<T>,
): Promise<T> {
  const take = () => counts.take(bucket, key, limit)
  return await runCounted({ take, giveBack: () => counts.giveBack(bucket, key), wrong, refuse }, run)
}
