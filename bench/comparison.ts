import type { Bench } from './bench.ts'
import { type Availability, type Contender, type ContenderName, startContender } from './contenders.ts'
import { measure, measureIdleStreamKib, type Sample, warmUp } from './measures.ts'

/** What the proxies were measured to do, side by side. */
export interface Comparison {
  readonly samples: ReadonlyMap<ContenderName, readonly Sample[]>
  readonly idleStreamKib: ReadonlyMap<ContenderName, number>
}

/** Measures proxies that are installed here, among them direct, in rounds by turns. */
export async function compare(found: readonly Availability[], bench: Bench): Promise<Comparison> {
  const { upstreamPort, load, rounds, durations, newFolder, progress } = bench
  await using stack = new AsyncDisposableStack()
  const idleStreamKib = new Map<ContenderName, number>()
  for (const { name } of found) {
    if (name === 'direct') continue
    progress(`${name}: memory`)
    await using contender = await startContender(name, upstreamPort, newFolder())
    idleStreamKib.set(name, await measureIdleStreamKib(contender, load))
  }

  const contenders: Contender[] = []
  for (const { name } of found) {
    progress(`${name}: warm-up`)
    const contender = stack.use(await startContender(name, upstreamPort, newFolder()))
    await warmUp(contender, load, durations)
    contenders.push(contender)
  }
  const direct = contenders.find(({ name }) => name === 'direct')
  if (direct === undefined) throw new Error('the bench runs direct beside every other')
  const samples = new Map<ContenderName, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      progress(`round ${round} of ${rounds}: ${contender.name}`)
      samples.get(contender.name)?.push(await measure(contender, direct, load, durations))
    }
  }
  return { samples, idleStreamKib }
}
