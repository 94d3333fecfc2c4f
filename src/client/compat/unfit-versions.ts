import type { Environment } from '../../config/environment.ts'
import { clientTool } from '../tools/client-tool.ts'
import { findInstalled } from '../tools/installed-tool.ts'
import type { Trial } from './trials.ts'
import { verdictOf } from './verdict.ts'

/**
 * Those of the tools whose installed version is known not to work, each in a sentence. Only tools that are known by name and
 * installed are asked for their version; nothing is tried.
 * @param options.trials what was tried on this machine
 * @param options.punku the version of Punku
 */
export async function unfitVersions(
  tools: readonly string[],
  options: { readonly env: Environment; readonly trials: readonly Trial[]; readonly punku: string },
): Promise<readonly string[]> {
  const sentences = await Promise.all(
    tools.map(async (name) => {
      const tool = clientTool(name)
      const version = tool && (await findInstalled(tool, options.env))?.version
      if (tool === undefined || version === undefined) return []
      const { state, said, evidence } = verdictOf(name, version, options)
      return state === 'broken' ? [`${tool.title} ${version} does not work with this Punku (${evidence}): ${said}`] : []
    }),
  )
  return sentences.flat()
}
