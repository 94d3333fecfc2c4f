import type { TunnelBody } from '../../../src/contract/tunnels.ts'
import { StatePill } from '../parts/state-pill.tsx'
import { TUNNEL_STATES } from './tunnel-words.ts'

/** The state of a tunnel. It follows the live events. */
export function TunnelPill({ state }: { readonly state: TunnelBody['state'] }) {
  const { tone, words, meaning } = TUNNEL_STATES[state]
  return (
    <span title={meaning}>
      <StatePill tone={tone}>{words}</StatePill>
    </span>
  )
}
