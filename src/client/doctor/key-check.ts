import type { Check } from '../../diagnosis/walk.ts'
import { loginAgainCommand } from '../profiles/login-again.ts'
import type { ClientScene } from './client-scene.ts'

/** The gateway takes the key of the profile. */
export function keyCheck(scene: ClientScene): Check {
  return {
    hop: 'key',
    title: 'The key is accepted',
    look: async (signal) => {
      const list = await scene.list(signal)
      if ('models' in list) return { state: 'ok', said: 'The gateway takes it.' }
      const { status, code, text, before } = list.refusal
      const { profile, options } = scene
      if (status === 401) {
        return {
          state: 'broken',
          said: `The gateway does not take it: ${text}`,
          advice: `Give this machine another: ${loginAgainCommand(options.home, profile)}`,
        }
      }
      if (code === 'network_not_allowed') {
        return {
          state: 'broken',
          said: `The gateway knows it, and takes it from other networks alone: ${text}`,
          advice:
            'Have its networks changed at the gateway. Behind a proxy the gateway must trust that to tell addresses: `gateway.trustedProxies`.',
        }
      }
      if (before !== undefined || status === 0) {
        return {
          state: 'broken',
          said: `A request with it gets no answer of the gateway${before === undefined ? '' : `, but of ${before}`}: ${text}.`,
          advice: 'Let what stands before the gateway pass on the header `Authorization`, and the paths below /v1/.',
        }
      }
      return { state: 'ok', said: 'The gateway takes it.' }
    },
  }
}
