// A relay in a service of one's own: `node embed-relay.ts`. Laptops link to it, and programs ask their models by name.
import { createServer, type IncomingMessage } from 'node:http'
import { openGateway } from 'punku'

const [home = 'relay-state', port = '8080'] = process.argv.slice(2)
const relay = await openGateway({ home, config: { gateway: { trustedProxies: ['127.0.0.1'] } } })
const shouldUpgradeCallback = (request: IncomingMessage) => request.headers.upgrade === 'websocket'
const server = createServer({ shouldUpgradeCallback }, (request, response) => {
  if (request.url === '/') response.end('A page of this service.\n')
  else relay.handler(request, response)
})
server.on('upgrade', relay.upgrade).listen(Number(port), '127.0.0.1')
for (const end of ['SIGINT', 'SIGTERM']) process.once(end, () => void relay.close().finally(() => process.exit()))

const { keys } = await relay.control.call('listKeys')
if (keys.length === 0) {
  const { key } = await relay.control.call('createKey', { body: { name: 'ask-tunnel' } })
  const { token } = await relay.control.call('createTunnel', { body: { label: 'laptop' } })
  process.stdout.write(`key ${key}\none-time token to pair the laptop with: ${token}\n`)
}
