import { test } from 'vitest'
import { frames, hold, rest } from '../support/scripted/steps.ts'
import { startTunnelGround, TUNNEL_CASES } from './tunnel-ground.ts'
const log = (x: unknown) => process.stderr.write(`${JSON.stringify(x)}\n`)
test('x', async () => {
    await using ground = await startTunnelGround()
    const { network, agent, gateway, clock, agentClock, key } = ground
    const running = await Promise.all(TUNNEL_CASES.map((of) => ground.start(of, [frames(2), hold, rest])))
    network.refuse(true)
    network.cut()
    setTimeout(() => { log(agent.events); log(gateway.parts.relay.status(agent.tunnel.id)); log(gateway.logLines.slice(-4)) }, 2000)
    log(await ground.retried())
    log(await ground.retried())
    log(await ground.retried())
})
