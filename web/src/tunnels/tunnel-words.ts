import type { TunnelBody } from '../../../src/contract/tunnels.ts'
import type { Tone } from '../parts/state-pill.tsx'

/** The state of a tunnel, as its pill has it, and what it means. */
export const TUNNEL_STATES: Readonly<
  Record<TunnelBody['state'], { readonly tone: Tone; readonly words: string; readonly meaning: string }>
> = {
  connected: { tone: 'good', words: 'Connected', meaning: 'The link stands.' },
  resuming: {
    tone: 'busy',
    words: 'Resuming',
    meaning: 'The link broke a moment ago. Its running requests wait for the next one.',
  },
  away: { tone: 'warn', words: 'Away', meaning: 'The agent does not run, or does not reach this gateway.' },
  unpaired: { tone: 'idle', words: 'Not paired', meaning: 'No machine has used its token yet.' },
  revoked: { tone: 'bad', words: 'Revoked', meaning: 'It was ended for good.' },
}

const PLATFORMS: Readonly<Record<string, string>> = {
  darwin: 'macOS',
  linux: 'Linux',
  win32: 'Windows',
  freebsd: 'FreeBSD',
}

/** As `macOS arm64`. */
export function platformWords({ platform, arch }: { readonly platform: string; readonly arch: string }): string {
  return `${PLATFORMS[platform] ?? platform} ${arch}`
}
