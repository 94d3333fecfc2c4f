import type { ControlAccess } from '../contract/control-access.ts'
import { openableHere } from '../core/openable-url.ts'
import { openRunningControl } from './running-control.ts'

/**
 * The control API of the gateway that runs with a state folder, where it is the one at that address; `undefined`: none runs, or it
 * listens elsewhere. The caller disposes it.
 */
export async function openControlAt(home: string, url: string): Promise<ControlAccess | undefined> {
  const control = await openRunningControl({ home })
  if (control === undefined) return undefined
  const { addresses } = await control.client.call('status')
  if (addresses.map(openableHere).includes(url)) return control
  await control[Symbol.asyncDispose]()
  return undefined
}
