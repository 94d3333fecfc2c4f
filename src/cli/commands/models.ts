import type { Command } from 'commander'
import type { ControlAccess } from '../../contract/control-access.ts'
import type { ModelAliasBody } from '../../contract/model-rules.ts'
import type { ModelBody, UpstreamStatusBody } from '../../contract/upstreams.ts'
import { formatSize } from '../../core/units.ts'
import { PULL_FIRST } from '../../core/wording.ts'
import { openControl, typedHere } from '../command-context.ts'
import { print, printJson, printTableLines, remark, renderTable, visible } from '../output.ts'
import { defineModelRules } from './model-rules.ts'

/** `punku models`: every model of every upstream of the running gateway, and where it runs; and what is said of models. */
export function defineModels(command: Command): void {
  command.option('--json', 'print JSON').action(async (flags: { json?: true }) => {
    await using control = await openControl(command)
    const { models } = await control.client.call('listModels')
    if (flags.json) {
      printJson(models)
      return
    }
    if (models.length === 0) {
      await printNone(control, command)
      return
    }
    const { upstreams } = await control.client.call('listUpstreams')
    const { aliases } = await control.client.call('listModelAliases')
    printTableLines(renderModels(models, upstreams, aliases))
    const { rules } = await control.client.call('listModelRules')
    if (rules.length + aliases.length > 0) {
      remark(`What is said of them, rules and aliases: ${typedHere(command, 'models rules')}`)
    }
  })
  defineModelRules(command)
}

async function printNone({ client }: ControlAccess, command: Command): Promise<void> {
  print(`No upstream has told of a model yet. How they are: ${typedHere(command, 'status')}`)
  const { upstreams } = await client.call('listUpstreams')
  for (const { label, server, state, modelCount } of upstreams) {
    if (server !== 'ollama' || state !== 'up' || modelCount !== 0) continue
    print(visible(`${label} is Ollama without a model. Give it one, on its machine: ${PULL_FIRST}`))
  }
}

const COLUMNS = [
  { title: 'MODEL' },
  { title: 'CONTEXT', isNumber: true },
  { title: 'TRAINED FOR', isNumber: true },
  { title: 'CAPABILITIES' },
  { title: 'SIZE', isNumber: true },
  { title: 'LOADED' },
  { title: 'RUNS ON' },
]

/** What tells of an upstream whether it is down. */
type UpstreamState = Pick<UpstreamStatusBody, 'id' | 'state'>

/** What tells of an alias whose it is. */
type AliasOfModel = Pick<ModelAliasBody, 'name' | 'modelCanonical' | 'isOverridden'>

/** The table of models, each with whether what it runs on is down, and with its aliases where there are any. `-` stands for what is not known: the context that Ollama will give, before the model is loaded. */
export function renderModels(
  models: readonly ModelBody[],
  upstreams: readonly UpstreamState[],
  aliases: readonly AliasOfModel[] = [],
): string[] {
  const live = Map.groupBy(
    aliases.filter(({ isOverridden }) => isOverridden !== true),
    ({ modelCanonical }) => modelCanonical,
  )
  const namesOf = ({ canonical }: ModelBody) => live.get(canonical)?.map(({ name }) => name) ?? []
  const hasNames = models.some((model) => namesOf(model).length > 0)
  const down = new Set(upstreams.filter(({ state }) => state === 'down').map(({ id }) => id))
  const rows = models.map((model) => [
    model.id,
    String(model.contextLength ?? '-'),
    String(model.trainedContextLength ?? '-'),
    model.capabilities?.join(' ') ?? '-',
    model.sizeBytes === null ? '-' : formatSize(model.sizeBytes),
    model.isLoaded === null ? '-' : model.isLoaded ? 'yes' : 'no',
    placeOf(model, down.has(model.upstream)),
    ...(hasNames ? [namesOf(model).join(', ')] : []),
  ])
  return renderTable(hasNames ? [...COLUMNS, { title: 'ALSO' }] : COLUMNS, rows)
}

function placeOf({ upstreamLabel, isCloud }: ModelBody, isDown: boolean): string {
  // A cloud model is only called through the upstream.
  const marks = [...(isCloud ? ['cloud'] : []), ...(isDown ? ['down'] : [])]
  return marks.length === 0 ? upstreamLabel : `${upstreamLabel} (${marks.join(', ')})`
}
