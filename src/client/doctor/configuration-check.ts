import { chmodSync, statSync } from 'node:fs'
import { ConfigError } from '../../config/config-error.ts'
import { PunkuError } from '../../core/error.ts'
import { shellWord } from '../../core/wording.ts'
import type { Check, Fix, HopFinding } from '../../diagnosis/walk.ts'
import { clientProfilesFile } from '../profiles/client-profile.ts'
import type { ClientScene } from './client-scene.ts'

/** The profile can be read, and what it names. */
export function configurationCheck(scene: ClientScene): Check {
  return {
    hop: 'configuration',
    title: 'The profile can be used',
    look: async () => {
      try {
        const { name, url, caFile } = scene.open()
        const trusted = caFile === undefined ? '' : `, with the authorities in ${caFile}`
        return { state: 'ok', said: `The profile '${name}' leads to ${url}${trusted}.` }
      } catch (error) {
        // A name that can be none is a fault of the command line.
        if (error instanceof ConfigError) return unusable(error, scene)
        if (error instanceof PunkuError && error.param === 'ca') {
          return {
            state: 'broken',
            said: `The profile names a file of authorities that holds none: ${error.message}`,
            advice: 'Put the certificates there in PEM form, or sign in anew with the right --ca-file.',
          }
        }
        throw error
      }
    },
  }
}

function unusable(error: ConfigError, { options: { home } }: ClientScene): HopFinding {
  const [, said = error.message, advice = 'Mend what it names.'] = /^(.*?\.) (.+)$/s.exec(error.message) ?? []
  const fix = closing(clientProfilesFile(home))
  return fix === undefined ? { state: 'broken', said, advice } : { state: 'broken', said, advice, fix }
}

/** What closes a file of this user that others can read; `undefined`: it is not open. */
function closing(file: string): Fix | undefined {
  const user = process.getuid?.()
  const stats = statSync(file, { throwIfNoEntry: false })
  if (user === undefined || stats === undefined || !stats.isFile() || stats.uid !== user) return undefined
  if ((stats.mode & 0o077) === 0) return undefined
  return {
    does: `Set the mode of ${shellWord(file)} to 600, so that this user alone can read it`,
    apply: async () => chmodSync(file, 0o600),
  }
}
