import { startTestGateway } from '../support/gateway.ts'
import { send } from './wire.ts'

/**
 * A gateway in a process of its own, for what only a process's environment can change: asks the upstream at the URL
 * given as the argument for one chat, and prints the status.
 */
const [, , upstream = ''] = process.argv
await using gateway = await startTestGateway({ upstreams: [upstream] })
const body = '{"model":"tiny","messages":[]}'
const [answer] = await send(
  gateway.port,
  `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: ${await gateway.key()}\r\n` +
    `Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
)
process.stdout.write(String(answer?.status))
