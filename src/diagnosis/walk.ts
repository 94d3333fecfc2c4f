import type { Hop } from './hop.ts'

/** Something a walk may do about what it found, where it was asked to. It must be safe: it ends nothing that runs. */
export interface Fix {
  /** What it would do, as in `Set the mode of FILE to 600`. */
  readonly does: string
  readonly apply: () => Promise<void>
}

/** What was seen at one hop. Texts are one or two sentences, and hold no key. */
export type HopFinding =
  | { readonly state: 'ok'; readonly said: string }
  /** It does not apply here, or could not be looked at; the walk goes on. */
  | { readonly state: 'skipped'; readonly said: string }
  /** It works, and should be otherwise. */
  | { readonly state: 'warning'; readonly said: string; readonly advice: string; readonly fix?: Fix }
  /** Nothing behind it can work. */
  | { readonly state: 'broken'; readonly said: string; readonly advice: string; readonly fix?: Fix }

/** Looks at one hop. */
export interface Check {
  readonly hop: Hop
  /** What is looked at, as in `The key is accepted`. */
  readonly title: string
  /** Never rejects for what it may find: that is a finding. */
  readonly look: (signal: AbortSignal) => Promise<HopFinding>
}

/** A hop and what was seen there. */
export interface Step {
  readonly hop: Hop
  readonly title: string
  readonly finding: HopFinding
}

/**
 * Looks at one hop after the other, and stops at the first that is broken. Where fixes are asked for, one is applied, and
 * the hop is looked at once more.
 * @param options.onStep is told each step as soon as it is there
 */
export async function walk(
  checks: readonly Check[],
  options: { readonly fixes: boolean; readonly signal: AbortSignal; readonly onStep?: (step: Step) => void },
): Promise<readonly Step[]> {
  const steps: Step[] = []
  for (const { hop, title, look } of checks) {
    let finding = await look(options.signal)
    if (options.fixes && 'fix' in finding && finding.fix !== undefined) {
      await finding.fix.apply()
      finding = await look(options.signal)
    }
    const step: Step = { hop, title, finding }
    steps.push(step)
    options.onStep?.(step)
    if (finding.state === 'broken') break
  }
  return steps
}

/** The hop at which a walk stopped; `undefined`: it came to its end. */
export function brokenHop(steps: readonly Step[]): Hop | undefined {
  return steps.find(({ finding }) => finding.state === 'broken')?.hop
}
