import { isOpenableElsewhere, openableHere } from '../core/openable-url.ts'
import { shellUrl } from '../core/wording.ts'
import { type GatewayStanding, noteForOthers } from './gateway-standing.ts'

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
  const reachable = addresses.filter(isOpenableElsewhere)
  const address = reachable.find((url) => url.startsWith('https:')) ?? reachable[0] ?? addresses.map(openableHere)[0]
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
    note: reachable.length > 0 ? undefined : noteForOthers(address, 'that is'),
  }
}

function wordsFor(url: string): string {
  return `pair ${shellUrl(url)} --token-stdin`
}
