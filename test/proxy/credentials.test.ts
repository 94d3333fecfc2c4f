import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { post } from './client.ts'
import { type StreamGround, startStreamGround } from './stream-cases.ts'
import { settled } from './turns.ts'
import { expectError, WHOLE_CASES } from './whole-answers.ts'

const opened = new AsyncDisposableStack()
const clock = new ManualClock()
let ground: StreamGround
let other: string
beforeAll(async () => {
  ground = opened.use(await startStreamGround({ clock, config: { gateway: { keyInPath: true } } }))
  other = await ground.gateway.key()
})
afterAll(() => opened.disposeAsync())

const pair = (text: string) => `Basic ${btoa(text)}`

interface Presenting {
  readonly headers?: Readonly<Record<string, string>>
  readonly isInPath?: boolean
  readonly query?: string
}

describe.each(WHOLE_CASES)('$dialect', (of) => {
  function ask({ headers, isInPath = false, query = '' }: Presenting): Promise<Response> {
    // Rows of requests without a key are bounded by the second.
    clock.advance(1_000)
    const path = `${isInPath ? `/k/${ground.key}` : ''}${of.path}${query}`
    return post({ url: ground.gateway.url, ...of, path, ...(headers && { headers }) })
  }

  test.each<[string, (key: string) => Presenting]>([
    ['user and password of the URL', (key) => ({ headers: { authorization: pair(`user:${key}`) } })],
    ['the user of the URL', (key) => ({ headers: { authorization: pair(`${key}:`) } })],
    ['api-key', (key) => ({ headers: { 'api-key': key } })],
    ['x-goog-api-key', (key) => ({ headers: { 'x-goog-api-key': key } })],
    ['Bearer twice', (key) => ({ headers: { authorization: `Bearer Bearer ${key}` } })],
    ['Bearer in x-api-key', (key) => ({ headers: { 'x-api-key': `Bearer ${key}` } })],
    ['a header beside empty ones', (key) => ({ headers: { authorization: `Bearer ${key}`, 'x-api-key': '' } })],
    ['a header beside an empty one', (key) => ({ headers: { authorization: 'Bearer ', 'x-api-key': key } })],
    [
      'a header beside another’s key',
      (key) => ({ headers: { authorization: `Bearer ${key}`, 'x-api-key': 'sk-ant-x' } }),
    ],
    ['the path beside a placeholder', () => ({ isInPath: true, headers: { authorization: 'Bearer ollama' } })],
    [
      'the path beside two',
      () => ({ isInPath: true, headers: { authorization: 'Bearer x', 'x-api-key': 'sk-ant-x' } }),
    ],
    ['the path and a header', (key) => ({ isInPath: true, headers: { 'x-api-key': key } })],
    ['a header beside another’s in the query', (key) => ({ query: '?key=AIzaSy', headers: { 'x-api-key': key } })],
  ])('takes %s, and sends none of it on', async (_, presenting) => {
    const response = await ask(presenting(ground.key))
    expect(response.status).toBe(200)
    const { rawHeaders, url } = ground.upstreamOf(of).requests.at(-1) ?? { rawHeaders: [], url: '' }
    const sent = JSON.stringify([rawHeaders, url]).toLowerCase()
    for (const text of [ground.key, btoa(`user:${ground.key}`), 'api-key', 'authorization', 'sk-ant', 'aiza'])
      expect(sent).not.toContain(text.toLowerCase())
    await settled(ground.gateway)
    expect((await ground.gateway.rows()).at(-1)).toMatchObject({ status: 200, key_id: ground.key.slice(3, 13) })
  })

  test.each<[string, (key: string) => Presenting]>([
    ['two headers', (key) => ({ headers: { authorization: `Bearer ${key}`, 'api-key': other } })],
    ['the path and a header', () => ({ isInPath: true, headers: { authorization: pair(`x:${other}`) } })],
    ['user and password', (key) => ({ headers: { authorization: pair(`${key}:${other}`) } })],
    ['a header and a part of another', (key) => ({ headers: { 'x-api-key': key, authorization: 'Bearer pk_1234' } })],
  ])('refuses two keys of ours: %s', async (_, presenting) => {
    const response = await ask(presenting(ground.key))
    expect(await expectError(response, of.dialect, 'conflicting_credentials')).not.toMatch(/x-api-key/i)
  })

  test.each<[string, (key: string) => Presenting, RegExp]>([
    ['in the query', (key) => ({ query: `?key=${key}` }), /`\?key=`/],
    [
      'in the query beside a header',
      (key) => ({ query: `?api_key=${key}`, headers: { 'x-api-key': key } }),
      /`\?api_key=`/,
    ],
    ['a placeholder alone', () => ({ headers: { authorization: 'Bearer ollama' } }), /`pk_`/],
    ['a name and password', () => ({ headers: { authorization: pair('me:secret') } }), /in the place of the password/],
    ['a list', (key) => ({ headers: { 'x-api-key': `${key},${key}` } }), /a comma/],
  ])('refuses one %s, and says what to do', async (_, presenting, said) => {
    const message = await expectError(await ask(presenting(ground.key)), of.dialect, 'key_malformed')
    expect(message).toMatch(said)
    expect(message).not.toMatch(/x-api-key/i)
    expect(message).not.toContain(ground.key.slice(14))
  })

  test.each<[string, Presenting]>([
    ['nothing', {}],
    ['empty headers', { headers: { authorization: 'Bearer ', 'x-api-key': '' } }],
  ])('%s is no key', async (_, presenting) => {
    expect(await expectError(await ask(presenting), of.dialect, 'key_missing')).not.toMatch(/x-api-key/i)
  })
})
