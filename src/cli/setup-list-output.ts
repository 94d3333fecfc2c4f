import type { Command } from 'commander'
import type { Probe } from '../client/setup/probe-model.ts'
import type { ListedTool } from '../client/setup/setup-list.ts'
import type { AskedFormat } from '../client/setup/setup-plan.ts'
import { ConfigError } from '../config/config-error.ts'
import { CommandFailure } from '../core/command-failure.ts'
import { PunkuError } from '../core/error.ts'
import { contextOf, typedHere } from './command-context.ts'
import { print, printJson, printTable, remark, visible } from './output.ts'

/** What is asked of the list. */
export interface ListAsked {
  readonly profile?: string
  readonly model?: string
  readonly contextTokens: number | undefined
  readonly json?: true
}

const COLUMNS = [
  { title: 'TOOL' },
  { title: 'INSTALLED' },
  { title: 'SET UP' },
  { title: 'WORKING' },
  { title: 'KNOWN' },
  { title: 'NAME' },
]

/** Prints every tool that can be set up: whether it is installed, in which version, set up, and working. */
export async function printSetupList(
  command: Command,
  { profile, model, contextTokens, json }: ListAsked,
): Promise<void> {
  const [{ listSetups }, { REFUSED_TOOLS }, { modelForTools }, { probeModel }] = await Promise.all([
    import('../client/setup/setup-list.ts'),
    import('../client/setup/setup-tools.ts'),
    import('../client/setup/model-for-tools.ts'),
    import('../client/setup/probe-model.ts'),
  ])
  const { home } = contextOf(command)
  let target: ReturnType<typeof modelForTools> | undefined
  // Only where something is set up: else nothing is asked, and no gateway is needed.
  const ask = async (format: AskedFormat): Promise<Probe> => {
    try {
      target ??= modelForTools(home, { profile, model, contextTokens })
      const found = await target
      return await probeModel(found.profile, format, found.model.id)
    } catch (thrown) {
      if (!(thrown instanceof ConfigError || thrown instanceof CommandFailure || thrown instanceof PunkuError))
        throw thrown
      return { isAnswered: false, kind: thrown instanceof CommandFailure ? thrown.kind : 'ended', said: thrown.message }
    }
  }
  const listed = await listSetups({ home, env: process.env, ask })
  const typed = (words: string) => typedHere(command, words)
  const refused = REFUSED_TOOLS.map(({ name, title, reason }) => ({ name, title, reason: reason(typed) }))
  if (json) {
    printJson({ tools: listed.map(bodyOf), refused })
    return
  }
  printTable(COLUMNS, listed.map(rowOf), '')
  const faults = new Set(listed.flatMap(({ probe }) => (probe?.isAnswered === false ? [probe.said] : [])))
  for (const said of faults) remark(visible(`Not working: ${said}`))
  for (const { tool, drifted } of listed) {
    if (drifted.length === 0) continue
    const files = [...new Set(drifted.map(({ file }) => file))].join(', ')
    remark(visible(`${tool.name}: ${files} changed since. To set it up anew: ${typed(`setup ${tool.name}`)}`))
  }
  print('')
  for (const { name, reason } of refused) print(visible(`${name}: ${reason}`))
}

function rowOf({ tool, hasProgram, installed, claim, isSetUp, drifted, probe }: ListedTool): string[] {
  return [
    tool.name,
    installed === undefined ? (hasProgram ? 'no' : '-') : (installed.version ?? 'yes'),
    isSetUp ? (drifted.length === 0 ? 'yes' : 'changed since') : 'no',
    probe === undefined ? '-' : probe.isAnswered ? `yes, ${probe.tookMs} ms` : 'no',
    installed?.version === undefined ? '-' : (claim?.state ?? 'no'),
    tool.title,
  ]
}

function bodyOf({ tool, installed, claim, isSetUp, drifted, probe }: ListedTool) {
  return {
    tool: tool.name,
    title: tool.title,
    evidence: tool.evidence,
    measuredVersion: tool.measuredVersion ?? null,
    installed: installed === undefined ? null : { file: installed.file, version: installed.version ?? null },
    known: claim?.state ?? null,
    isSetUp,
    drifted,
    probe: probe ?? null,
  }
}
