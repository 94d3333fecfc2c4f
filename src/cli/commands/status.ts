import type { Command } from 'commander'
import { localTime, print, printJson, visible } from '../output.ts'
import { openControl } from '../place.ts'

/** `punku status`: what the running gateway says of itself. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('Show whether the gateway runs, where it listens, and how its upstreams are.')
    .option('--json', 'print JSON')
    .action(async (flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const status = await control.client.status()
      if (flags.json) {
        printJson(status)
        return
      }
      print(`Gateway    runs since ${localTime(status.startedAt)} (pid ${status.pid}, Punku ${status.version})`)
      for (const address of status.addresses) print(`Listening  ${address}`)
      for (const upstream of status.upstreams) {
        const name = visible([upstream.server ?? upstream.kind, upstream.version].filter(Boolean).join(' '))
        const models =
          upstream.modelCount === null
            ? ''
            : `, ${upstream.modelCount} ${upstream.modelCount === 1 ? 'model' : 'models'}`
        const state = upstream.state === 'up' ? `up, ${name}${models}` : `${upstream.state}: ${upstream.reason}`
        print(`Upstream   ${upstream.id}: ${state}`)
      }
      for (const { upstreamId, address } of status.exposures) {
        print(`WARNING    ${upstreamId} also answers on ${address}, past the gateway and without a key.`)
      }
      print(`Running    ${status.liveExchanges} ${status.liveExchanges === 1 ? 'request' : 'requests'}`)
    })
}
