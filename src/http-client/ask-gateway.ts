import { SOFTWARE } from '../core/version.ts'
import { AskFailed, ask, type Question, type SmallAnswer } from './ask.ts'
import type { GatewayAddress } from './gateway-address.ts'
import { GatewayError } from './gateway-error.ts'
import type { GatewayWay } from './gateway-way.ts'

/** What a gateway elsewhere is asked; where it is, and the way there, its address knows. */
export type GatewayQuestion = Omit<Question, 'url' | 'agent' | 'socketPath' | 'trustsAnyone'>

/**
 * Asks a gateway elsewhere, by the way that its address knows. Reading the answer's text throws as this does.
 * @param path begins with `/`
 * @throws GatewayError when there is no answer.
 */
export async function askGateway(
  address: GatewayAddress,
  path: string,
  question: GatewayQuestion,
): Promise<SmallAnswer> {
  const giveUp = new AbortController()
  const way = await address.way(giveUp.signal)
  try {
    const answer = await ask({
      ...question,
      url: address.endpoint(path),
      agent: way.agent,
      headers: { ...question.headers, 'user-agent': SOFTWARE },
    })
    const refused = way.refusal()
    if (refused === undefined) return { ...answer, text: (maxBytes) => answer.text(maxBytes).catch(explained(way)) }
    answer[Symbol.dispose]()
    throw refused
  } catch (thrown) {
    // A proxy that is silent is ended by nothing else.
    giveUp.abort()
    return explained(way)(thrown)
  }
}

function explained(way: GatewayWay): (thrown: unknown) => never {
  return (thrown) => {
    if (!(thrown instanceof AskFailed)) throw thrown
    switch (thrown.fault) {
      case 'late':
        throw way.late('The gateway did not answer in time.')
      case 'abandoned':
        throw new GatewayError('unreachable', 'The attempt was given up.')
      case 'too-long':
        throw new GatewayError('invalid', 'What answers there is no gateway.')
      case 'broken':
        throw way.refusal() ?? way.explain(thrown.cause)
    }
  }
}
