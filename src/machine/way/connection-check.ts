import { connect } from 'node:net'
import { ownCommand } from '../../config/own-command.ts'
import { formatDuration } from '../../core/units.ts'
import type { Check, HopFinding } from '../../diagnosis/walk.ts'
import { codeOf, GatewayError } from '../../http-client/gateway-error.ts'
import { hostOf } from './dns-check.ts'
import { isByProxy } from './proxy-check.ts'
import type { WayScene, WaySceneOptions } from './way-scene.ts'

/** A connection to the gateway's port opens. */
export function connectionCheck(scene: WayScene): Check {
  return {
    hop: 'connection',
    title: 'A connection to it opens',
    look: async (signal) => {
      const contact = await scene.contact(signal)
      const { url } = scene
      const port = portOf(url)
      const place = `${hostOf(url)}, port ${port}`
      if (!(contact instanceof GatewayError)) return { state: 'ok', said: `To ${place}.` }
      if (isByProxy(scene)) return { state: 'skipped', said: 'The proxy opens it.' }
      const fault = await connectFault(hostOf(url), port, scene.options)
      return fault === undefined ? { state: 'ok', said: `To ${place}.` } : broken(fault, place, scene)
    },
  }
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

/** Why a connection does not open, as the system names it; `late`: no answer came. `undefined`: it opens. */
async function connectFault(
  host: string,
  port: number,
  { clock, answerMs }: Pick<WaySceneOptions, 'clock' | 'answerMs'>,
): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const end = (fault: string | undefined) => {
      timer[Symbol.dispose]()
      socket.destroy()
      resolve(fault)
    }
    const timer = clock.after(answerMs, () => end('late'))
    const socket = connect({ host, port, autoSelectFamily: true }, () => end(undefined))
    socket.on('error', (error) => end(codeOf(error) === 'ETIMEDOUT' ? 'late' : codeOf(error)))
  })
}

function broken(fault: string, place: string, scene: WayScene): HopFinding {
  const { isHere, options } = scene
  if (fault === 'ECONNREFUSED') {
    return {
      state: 'broken',
      said: `The machine answers and refuses: nothing listens on ${place}.`,
      advice: isHere
        ? `Start the gateway here, as before: ${ownCommand('serve', options.home)}. Or check the port of its address.`
        : 'Start the gateway there, let it listen on an address that this machine reaches (`--listen`), or check the port of its address.',
    }
  }
  if (fault === 'late') {
    return {
      state: 'broken',
      said: `No answer comes from ${place} within ${formatDuration(options.answerMs)}, neither yes nor no: the machine is off, or a firewall drops what is sent there.`,
      advice: `Check that the machine is on, and let the port through its firewall, there: sudo ufw allow ${portOf(scene.url)}/tcp, or: sudo firewall-cmd --add-port=${portOf(scene.url)}/tcp`,
    }
  }
  return {
    state: 'broken',
    said: `There is no way from here to ${place}${fault === '' ? '' : ` (${fault})`}.`,
    advice: 'Check that this machine is online, and in the network or VPN of the gateway.',
  }
}
