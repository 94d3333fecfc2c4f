import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { watched } from '../support/watched.ts'
import type { StoppedGatewayReport } from './stopped-gateway.ts'
import { until } from './turns.ts'

const CLIENTS = 50
/** Answers of each before the gateway is told to stop. */
const ANSWERS_BEFORE = 5

interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
}

/** Asks as fast as it is answered, on one connection, until it cannot; how it was answered, and what ended it. */
class Client {
  readonly answers: Answer[] = []
  readonly ended: Promise<string>
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(report: StoppedGatewayReport, stream: boolean) {
    this.ended = this.#askOn(report, stream)
  }

  async #askOn({ url, key }: StoppedGatewayReport, stream: boolean): Promise<string> {
    const body = JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hi' }], stream })
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', connection: 'keep-alive' }
    for (;;) {
      try {
        this.answers.push(await this.#ask(`${url}/v1/chat/completions`, headers, body))
      } catch (error) {
        this.#agent.destroy()
        return (error as NodeJS.ErrnoException).code ?? String(error)
      }
    }
  }

  #ask(url: string, headers: Record<string, string>, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asking = request(url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        response.resume()
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] }),
        )
      })
      asking.on('error', reject)
      asking.end(body)
    })
  }
}

test('clients that ask in a tight loop across SIGTERM are answered, and then refused at connect: none is reset', async () => {
  const program = fileURLToPath(new URL('stopped-gateway.ts', import.meta.url))
  const child = watched(spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] }))
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const report = JSON.parse(line.toString()) as StoppedGatewayReport
    const clients = Array.from({ length: CLIENTS }, (_, index) => new Client(report, index % 2 === 0))
    await until(() => clients.every(({ answers }) => answers.length >= ANSWERS_BEFORE))
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    const ends = await Promise.all(clients.map(({ ended }) => ended))
    expect(ends).toEqual(clients.map(() => 'ECONNREFUSED'))
    expect((await exit)[0]).toBe(0)
    const answers = clients.flatMap((client) => client.answers)
    const refused = answers.filter(({ status }) => status === 503)
    expect(answers.length - refused.length).toBe(answers.filter(({ status }) => status === 200).length)
    expect(refused.every(({ retryAfter }) => retryAfter === '5')).toBe(true)
    const database = new DatabaseSync(join(report.home, 'punku.db'), { readOnly: true })
    const rowsOf = (status: number) =>
      database.prepare('select count(*) as rows from requests where status = ? and key_id is not null').get(status)?.[
        'rows'
      ]
    expect([rowsOf(200), rowsOf(503)]).toEqual([answers.length - refused.length, refused.length])
    database.close()
    rmSync(report.home, { recursive: true })
  } finally {
    child.kill('SIGKILL')
  }
})
