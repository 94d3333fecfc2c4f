import type { Command } from 'commander'
import type { ModelBody } from '../../contract/upstreams.ts'
import { formatSize } from '../../core/units.ts'
import { openControl, typedHere } from '../command-context.ts'
import { print, printJson, printTableLines, renderTable } from '../output.ts'

/** `punku models`: every model of every upstream of the running gateway, and where it runs. */
export function defineModels(command: Command): void {
  command.option('--json', 'print JSON').action(async (flags: { json?: true }) => {
    await using control = await openControl(command)
    const { models } = await control.client.call('listModels')
    if (flags.json) printJson(models)
    else if (models.length === 0)
      print(`No upstream has told of a model yet. How they are: ${typedHere(command, 'status')}`)
    else printTableLines(renderModels(models))
  })
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

/** The table of models. `-` stands for what is not known: the context that Ollama will give, before the model is loaded. */
export function renderModels(models: readonly ModelBody[]): string[] {
  const rows = models.map((model) => [
    model.id,
    String(model.contextLength ?? '-'),
    String(model.trainedContextLength ?? '-'),
    model.capabilities?.join(' ') ?? '-',
    model.sizeBytes === null ? '-' : formatSize(model.sizeBytes),
    model.isLoaded === null ? '-' : model.isLoaded ? 'yes' : 'no',
    // A cloud model is only called through the upstream.
    model.isCloud ? `${model.upstreamLabel} (cloud)` : model.upstreamLabel,
  ])
  return renderTable(COLUMNS, rows)
}
