import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isBuildOf } from '../../scripts/build-inputs.ts'

const ROOT = join(import.meta.dirname, '../..')
const SOURCE = pathToFileURL(join(ROOT, 'src/sdk/punku.ts')).href

/** Makes `import … from 'punku'` that of the sources. */
const HOOK = `import { registerHooks } from 'node:module'
registerHooks({
  resolve: (name, context, next) =>
    name === 'punku' ? { url: ${JSON.stringify(SOURCE)}, shortCircuit: true } : next(name, context),
})`

/**
 * Options of Node for a program here that imports `punku`: it gets the built package where that is of what is here, else its
 * sources.
 */
export const PUNKU_IMPORT: readonly string[] = isBuildOf(ROOT)
  ? []
  : ['--import', `data:text/javascript,${encodeURIComponent(HOOK)}`]
