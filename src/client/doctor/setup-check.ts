import { ownCommand } from '../../config/own-command.ts'
import type { Check } from '../../diagnosis/walk.ts'
import type { ClientScene } from './client-scene.ts'

/** What `setup` wrote into the files of tools still stands there. */
export function setupCheck({ options }: ClientScene): Check {
  return {
    hop: 'setup',
    title: 'Tools are as they were set up',
    look: async () => {
      const drifted = await options.drift()
      if (drifted.length === 0) return { state: 'ok', said: 'What was written into them still stands.' }
      return {
        state: 'warning',
        said: drifted.join(' '),
        advice: `Where that was not meant, set the tool up anew: ${ownCommand('setup TOOL', options.home)}`,
      }
    },
  }
}

/** The versions that are installed here work together. */
export function versionsCheck({ options }: ClientScene): Check {
  return {
    hop: 'versions',
    title: 'Versions fit each other',
    look: async () => {
      const unfit = await options.unfit()
      if (unfit.length === 0) return { state: 'ok', said: 'None of those here is known not to work.' }
      return {
        state: 'warning',
        said: unfit.join(' '),
        advice: `See which do work: ${ownCommand('compat check', options.home)}`,
      }
    },
  }
}
