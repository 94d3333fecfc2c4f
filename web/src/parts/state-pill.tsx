import type { ReactNode } from 'react'

/** How a state is meant: never said by colour alone, the words stand beside it. */
export type Tone = 'good' | 'warn' | 'bad' | 'idle' | 'busy'

/** A state in words, with a dot. `busy` breathes, unless the reader asked for less motion. */
export function StatePill({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className="state-pill" data-tone={tone}>
      <span className="state-dot" aria-hidden />
      {children}
    </span>
  )
}
