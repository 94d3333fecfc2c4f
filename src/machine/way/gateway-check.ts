import type { Check, HopFinding } from '../../diagnosis/walk.ts'
import { asList, asText, parseObject } from '../../formats/json-facts.ts'
import { GatewayError } from '../../http-client/gateway-error.ts'
import { namedServer } from './named-server.ts'
import { readRefusal } from './refused-answer.ts'
import type { WayAnswer } from './way-answer.ts'
import type { WayScene } from './way-scene.ts'

const MAX_BODY_BYTES = 65_536

/** What answers is a gateway: for whom it need have no model server. */
export function livingGatewayCheck(scene: WayScene): Check {
  return {
    hop: 'gateway',
    title: 'What answers is a gateway',
    look: async (signal) => {
      const contact = await scene.contact(signal)
      if (contact instanceof GatewayError) return silent(contact)
      const isAlive = contact.answer.status === 200 && asText(parseObject(contact.text)?.['status']) === 'ok'
      return isAlive ? { state: 'ok', said: 'It runs.' } : noGateway(contact.answer, contact.text, scene)
    },
  }
}

/** What answers is a gateway, by this name, and is ready for clients. */
export function readyGatewayCheck(scene: WayScene): Check {
  return {
    hop: 'gateway',
    title: 'What answers is a gateway, and ready',
    look: async (signal) => {
      try {
        using ready = await scene.ask({ path: '/readyz', signal })
        const text = await ready.text(MAX_BODY_BYTES)
        const state = asText(parseObject(text)?.['status'])
        if (state !== 'ready' && state !== 'not ready') return noGateway(ready, text, scene)
        using asked = await scene.ask({ path: '/v1/models', signal })
        // A listener of its own machine may be bound to a key: it asks for none.
        if (asked.status !== 401 && asked.status !== 200) {
          const { code, text: said } = await readRefusal(asked)
          return {
            state: 'broken',
            said: `The gateway is there, and answers no request of this machine: ${said}`,
            advice:
              code === 'host_not_allowed'
                ? `Add ${scene.url.hostname} to \`gateway.hosts\` in its punku.yaml, and start it anew.`
                : 'Do what it says, at the gateway.',
          }
        }
        return ofReadiness(state, text)
      } catch (thrown) {
        if (!(thrown instanceof GatewayError)) throw thrown
        return silent(thrown)
      }
    },
  }
}

function silent({ message }: GatewayError): HopFinding {
  return {
    state: 'broken',
    said: `The gateway is asked, and gives no answer: ${message}`,
    advice: 'See its log, and that of a proxy before it.',
  }
}

function ofReadiness(state: string, text: string): HopFinding {
  const body = parseObject(text)
  const troubles = asList(body?.['troubles']).filter((trouble) => typeof trouble === 'string')
  if (state === 'not ready') {
    const isEmpty = asList(body?.['upstreams']).length === 0
    return isEmpty
      ? {
          state: 'broken',
          said: 'The gateway runs, and has no model server: none was given to it, and no agent is paired with it.',
          advice: 'Add one at the gateway (`upstreams` in its punku.yaml), or pair the machine of the models with it.',
        }
      : {
          state: 'warning',
          said: 'The gateway runs, and no model server has answered it.',
          advice: 'The next steps say where that ends.',
        }
  }
  if (troubles.length > 0) {
    return {
      state: 'warning',
      said: `The gateway serves, and something is wrong with it: ${troubles.join('; ')}.`,
      advice: 'Whoever runs it sees more by the command `status`, on its machine.',
    }
  }
  return { state: 'ok', said: 'It runs, and has a model server that answers.' }
}

function noGateway(
  { status, headers }: Pick<WayAnswer, 'status' | 'headers'>,
  text: string,
  scene: WayScene,
): HopFinding {
  const name = namedServer(headers)
  const who = name ?? 'something that does not name itself'
  if (status === 502 || status === 503 || status === 504) {
    return {
      state: 'broken',
      said: `${who} stands before the gateway, and does not reach it (status ${status}).`,
      advice:
        'Check that the gateway runs, and the address under which that proxy looks for it. Its error log has more.',
    }
  }
  if (status >= 300 && status < 400) {
    return {
      state: 'broken',
      said: `${who} answers, and sends elsewhere (status ${status}). It may be the sign-in page of this network, or another address is meant.`,
      advice: 'Open a page in a browser and sign in to the network, or correct the address of the gateway.',
    }
  }
  if (/^Ollama is running/.test(text) || parseObject(text)?.['error'] === '404 page not found') {
    return {
      state: 'broken',
      said: `A model server answers at ${scene.url.host} itself, and no gateway before it.`,
      advice: "Give the gateway's address (its port is 11435 where nothing else was said).",
    }
  }
  return {
    state: 'broken',
    said: `Another server than a gateway answers at ${scene.url.host}: ${who} (status ${status}).`,
    advice: 'Check host, port and path of its address; a proxy must pass on every path below it.',
  }
}
