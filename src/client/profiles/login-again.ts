import { ownCommand } from '../../config/own-command.ts'
import { profileFlag } from '../../config/profile-name.ts'
import { isLoopbackHost } from '../../core/loopback.ts'
import { readInstance } from '../../system/single-instance.ts'
import type { ClientProfile } from './client-profile.ts'

/**
 * What gets a profile another key, as it is typed here. At the gateway of this state folder itself it needs no address, and then
 * nobody has to sign in.
 */
export function loginAgainCommand(home: string, { name, url }: Pick<ClientProfile, 'name' | 'url'>): string {
  const isOwn = isLoopbackHost(new URL(url).hostname) && readInstance(home) !== undefined
  return ownCommand(`login${isOwn ? '' : ` ${url}`}${profileFlag(name)}`, home)
}
