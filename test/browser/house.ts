import type { TestGateway } from '../support/gateway.ts'
import { Visitor } from '../support/visitor.ts'

const PASSWORD = 'a bridge of long words'
const QUESTION = { messages: [{ role: 'user', content: 'Hello!' }] }

/** Fills a gateway that `setUp` has given its first person with what people have: others, keys, tunnels, requests. */
export async function fillHouse({ url, parts }: TestGateway): Promise<void> {
  const ada = new Visitor(url)
  const body = { email: 'ada@example.org', password: PASSWORD }
  const { status } = await ada.send('POST', '/control/auth/sign-in/email', { body })
  if (status !== 200) throw new Error(`sign-in answered ${status}`)
  const keys: string[] = []
  for (const [name, grant] of [
    ['claude-code', {}],
    ['ci', { expiresInMs: 3 * 86_400_000 }],
    ['old-laptop', { networks: ['192.168.0.0/16'] }],
  ] as const) {
    keys.push(String((await ada.do('createKey', { body: { name, ...grant } }))['key']))
  }
  await ada.do('revokeKey', { params: { key: 'old-laptop' } })
  await ada.do('createTunnel', { body: { label: 'mac-studio' } })
  await ada.do('createInvitation', { body: { role: 'member', email: 'grace@example.org' } })
  const { link } = await ada.do('createInvitation', { body: { role: 'member' } })
  await new Visitor(url).do('acceptInvitation', {
    body: {
      token: new URL(String(link)).hash.slice(1),
      newcomer: { name: 'Charles Babbage', email: 'charles@example.org', password: PASSWORD },
    },
  })
  const models = parts.upstreams.all().flatMap((upstream) => upstream.known.models ?? [])
  const model = models[0]?.id ?? 'llama3'
  for (let at = 0; at < 24; at++) {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${keys[at % 2]}`,
        'content-type': 'application/json',
        ...(at % 3 > 0 && { 'x-punku-session': `run_${at % 3}`, 'x-punku-label': at % 3 === 1 ? 'local' : 'other' }),
      },
      body: JSON.stringify({ ...QUESTION, model: at % 7 === 6 ? 'not-there' : model, stream: at % 2 === 0 }),
    })
    await response.arrayBuffer()
  }
  await parts.recorder.flush()
}
