import { shellUrl } from '../core/wording.ts'
import type { GatewayStanding } from './gateway-standing.ts'

/** What to type on another machine, and what to mind about it. */
export interface PairCommand {
  /** The command without the program's name. */
  readonly words: string
  /** Whether it is for this machine, as far as can be told. */
  readonly isHere: boolean
  /** Absent: the command is right as it stands. */
  readonly note: string | undefined
}

/**
 * The command that pairs another machine with the gateway (`undefined`: none runs now). It holds no token: that is
 * pasted, so that it stands in no history of a shell and no list of processes.
 */
export function pairCommand(gateway: GatewayStanding | undefined): PairCommand {
  const { addresses = [], publicUrl = null } = gateway ?? {}
  if (publicUrl !== null) return { words: wordsFor(publicUrl), isHere: false, note: undefined }
  const reachable = addresses.filter((address) => isReachable(new URL(address).hostname))
  const address = reachable.find((url) => url.startsWith('https:')) ?? reachable[0] ?? addresses[0]
  if (address === undefined) {
    return {
      words: wordsFor('https://GATEWAY'),
      isHere: false,
      note: 'GATEWAY is the name or address at which that machine reaches this gateway.',
    }
  }
  return {
    words: wordsFor(address),
    isHere: reachable.length === 0,
    note:
      reachable.length > 0
        ? undefined
        : `If that is another machine, put the address at which it reaches this gateway in the place of ${address}.`,
  }
}

function wordsFor(url: string): string {
  return `pair ${shellUrl(url)} --token-stdin`
}

/** Whether another machine may reach a listener there: not at loopback, and not at the address that stands for all. */
function isReachable(host: string): boolean {
  return !host.startsWith('127.') && !['[::1]', 'localhost', '0.0.0.0', '[::]'].includes(host)
}
