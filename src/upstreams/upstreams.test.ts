import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import type { Route, ServerName } from '../dialects/dialect.ts'
import { HttpDispatcher } from '../http1/http-dispatcher.ts'
import { readCatalogue } from './catalogue.ts'
import type { Upstream, UpstreamHealth } from './upstream.ts'
import { type UpstreamChoice, Upstreams } from './upstreams.ts'

const ORG = 'default'
const OTHER_ORG = 'org_other'

/** An upstream whose next listing a test sets; it becomes known by `refresh`. */
class FakeUpstream implements Upstream {
  readonly id: string
  readonly orgId: string
  readonly via = 'direct'
  readonly label = 'fake'
  readonly origin = 'http://127.0.0.1:9'
  readonly basePath = ''
  readonly dispatcher = new HttpDispatcher({ origin: 'http://127.0.0.1:9' })
  readonly kind = 'ollama'
  readonly version = undefined
  readonly credential = undefined
  server: ServerName | undefined
  health: UpstreamHealth = { state: 'unprobed', checkedAt: 0, reason: '' }
  models: Upstream['models']
  next: { server?: ServerName; names?: readonly string[]; isLoaded?: boolean; failure?: 'refused' | 'unreachable' }
  refreshCount = 0
  isClosed = false
  whenChanged = (): void => {}

  constructor(id: string, next: FakeUpstream['next'], orgId: string = ORG) {
    this.id = id
    this.orgId = orgId
    this.next = next
  }

  async refresh(): Promise<void> {
    this.refreshCount++
    await new Promise((resolve) => setImmediate(resolve))
    const { server = 'ollama', names = [], isLoaded, failure } = this.next
    if (failure !== undefined) this.health = { state: 'down', checkedAt: 0, reason: 'away', failure }
    else {
      this.server = server
      this.models = readCatalogue(names.map((name) => ({ name }))).map((model) => ({ ...model, isLoaded }))
      this.health = { state: 'up', checkedAt: 0, reason: '' }
    }
  }

  close(): Promise<void> {
    this.isClosed = true
    return this.dispatcher.close()
  }
}

const CHAT: Route = {
  method: 'POST',
  path: '/api/chat',
  dialect: 'ollama',
  class: 'inference',
  model: { in: 'body', fields: ['model'] },
  servers: ['ollama'],
}
const COMPLETIONS: Route = { ...CHAT, path: '/v1/chat/completions', dialect: 'openai', servers: ['ollama', 'vllm'] }
const PULL: Route = { ...CHAT, path: '/api/pull', class: 'manage' }
const A = 'a:latest'

async function started(...members: FakeUpstream[]): Promise<{ upstreams: Upstreams; clock: ManualClock }> {
  const clock = new ManualClock()
  const upstreams = new Upstreams({ clock })
  for (const member of members) await upstreams.add(member)
  await upstreams.start()
  return { upstreams, clock }
}

test('chooses one that serves the route and has the model, at once', async () => {
  const one = new FakeUpstream('one', { names: ['b'] })
  const two = new FakeUpstream('two', { server: 'vllm', names: ['a'] })
  const three = new FakeUpstream('three', { names: ['a'] })
  const { upstreams } = await started(one, two, three)
  expect(upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toBe(three)
  expect(upstreams.choose({ orgId: ORG, route: COMPLETIONS, canonicalModel: A })).toBe(two)
  expect(upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: undefined })).toBe(one)
  expect(upstreams.choose({ orgId: ORG, route: COMPLETIONS, canonicalModel: A, pinned: 'three' })).toBe(three)
  expect(upstreams.all()).toEqual([one, two, three])
})

test('takes the least busy, then the first; a healthy one before any that is not', async () => {
  const [one, two, three] = ['one', 'two', 'three'].map((id) => new FakeUpstream(id, { names: ['a'] })) as [
    FakeUpstream,
    FakeUpstream,
    FakeUpstream,
  ]
  const { upstreams } = await started(one, two, three)
  const choose = (): unknown => upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: A })
  upstreams.acquire(one)
  expect(choose()).toBe(two)
  upstreams.acquire(two)
  expect(choose()).toBe(three)
  upstreams.acquire(three)
  expect(choose()).toBe(one)
  upstreams.release(two)
  expect(upstreams.liveCount(two)).toBe(0)
  expect(choose()).toBe(two)
  two.next = { failure: 'refused' }
  await two.refresh()
  expect(choose()).toBe(one)
})

test('among those that are equally busy, one that has the model loaded', async () => {
  const one = new FakeUpstream('one', { names: ['a'], isLoaded: false })
  const two = new FakeUpstream('two', { names: ['a', 'b'], isLoaded: true })
  const three = new FakeUpstream('three', { names: ['a'], isLoaded: true })
  const { upstreams } = await started(one, two, three)
  const choose = (): unknown => upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: A })
  expect(choose()).toBe(two)
  expect(upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: undefined })).toBe(one)
  upstreams.acquire(two)
  expect(choose()).toBe(three)
  upstreams.acquire(three)
  expect(choose()).toBe(one)
  upstreams.acquire(one)
  expect(choose()).toBe(two)
  for (const failed of [two, three]) {
    failed.next = { failure: 'refused' }
    await failed.refresh()
  }
  upstreams.acquire(one)
  expect(choose()).toBe(one)
})

test('one that is down but answered before is chosen when there is no other', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const { upstreams } = await started(one)
  one.next = { failure: 'refused' }
  await one.refresh()
  expect(upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toBe(one)
})

test('a model that nobody has is looked for anew, at most every 2 s, then said to be unknown', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const { upstreams, clock } = await started(one)
  const choose = async (): Promise<Upstream> =>
    upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: 'b:latest' })
  const unknown = { code: 'model_not_found', message: "model 'b:latest' not found", param: 'model' }
  await expect(choose()).rejects.toMatchObject(unknown)
  expect(one.refreshCount).toBe(1)
  clock.advance(2_000)
  await Promise.all([1, 2, 3].map(() => expect(choose()).rejects.toMatchObject(unknown)))
  expect(one.refreshCount).toBe(2)
  clock.advance(2_000)
  one.next = { names: ['a', 'b'] }
  expect(await choose()).toBe(one)
  expect(one.refreshCount).toBe(3)
  expect(await choose()).toBe(one)
  expect(one.refreshCount).toBe(3)
})

test('a miss waits for a listing that is being read already', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const upstreams = new Upstreams({ clock: new ManualClock() })
  await upstreams.add(one)
  const starting = upstreams.start()
  expect(await upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toBe(one)
  await starting
  expect(one.refreshCount).toBe(1)
})

test('one that has become reachable again is asked at a miss, however short ago it was', async () => {
  const one = new FakeUpstream('one', { failure: 'unreachable' })
  const { upstreams } = await started(one)
  one.health = { state: 'unprobed', checkedAt: 0, reason: '' }
  one.next = { names: ['a'] }
  expect(await upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toBe(one)
})

test('a miss does not wait for one that is down while another is up', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const two = new FakeUpstream('two', { failure: 'unreachable' })
  const { upstreams, clock } = await started(one, two)
  clock.advance(2_000)
  await expect(upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: 'b:latest' })).rejects.toMatchObject({
    code: 'model_not_found',
  })
  expect([one.refreshCount, two.refreshCount]).toEqual([2, 1])
})

test('a route of class manage needs no model, but goes where it is when it is there', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const two = new FakeUpstream('two', { names: ['b'] })
  const { upstreams } = await started(one, two)
  expect(upstreams.choose({ orgId: ORG, route: PULL, canonicalModel: 'b:latest' })).toBe(two)
  expect(upstreams.choose({ orgId: ORG, route: PULL, canonicalModel: 'c:latest' })).toBe(one)
  two.next = { failure: 'refused' }
  await two.refresh()
  expect(upstreams.choose({ orgId: ORG, route: PULL, canonicalModel: 'b:latest' })).toBe(two)
})

test('says that no server here has the route, and which would', async () => {
  const { upstreams } = await started(new FakeUpstream('one', { server: 'llama-server', names: ['a'] }))
  const choose = (): unknown => upstreams.choose({ orgId: ORG, route: COMPLETIONS, canonicalModel: A })
  expect(choose).toThrow(expect.objectContaining({ code: 'route_not_served' }))
  expect(choose).toThrow(
    'No model server here serves POST /v1/chat/completions of the openai API. It takes one of: ollama, vllm.',
  )
})

test.each([
  ['refused', 'upstream_refused'],
  ['unreachable', 'upstream_unreachable'],
] as const)('none that ever answered, %s: asks once more, then says so', async (failure, code) => {
  const one = new FakeUpstream('one', { failure })
  const { upstreams, clock } = await started(one)
  clock.advance(2_000)
  const choose = async (): Promise<Upstream> => upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: A })
  await expect(choose()).rejects.toMatchObject({ code, retryAfterMs: 5_000, detail: { reason: 'away' } })
  expect(one.refreshCount).toBe(2)
  one.next = { names: ['a'] }
  clock.advance(2_000)
  expect(await choose()).toBe(one)
})

test('says that there is no upstream, or none of that id', async () => {
  const { upstreams } = await started()
  const choose = (pinned?: string) => (): unknown =>
    upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: A, ...(pinned === undefined ? {} : { pinned }) })
  expect(choose()).toThrow(expect.objectContaining({ code: 'upstream_unreachable' }))
  expect(choose('nine')).toThrow(expect.objectContaining({ code: 'invalid_request' }))
})

test('asks those that are down every 5 s and all every 30 s, until closed', async () => {
  const up = new FakeUpstream('up', { names: ['a'] })
  const down = new FakeUpstream('down', { failure: 'refused' })
  const { upstreams, clock } = await started(up, down)
  const counts = async (ms: number): Promise<[number, number]> => {
    for (let passed = 0; passed < ms; passed += 5_000) {
      clock.advance(5_000)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return [up.refreshCount, down.refreshCount]
  }
  expect(await counts(25_000)).toEqual([1, 6])
  expect(await counts(5_000)).toEqual([2, 7])
  expect(await counts(30_000)).toEqual([3, 13])
  await upstreams.close()
  expect([up.isClosed, down.isClosed, clock.pendingTimers]).toEqual([true, true, 0])
})

test('one added later is asked at once, and one removed is closed and never chosen', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const { upstreams } = await started()
  await upstreams.add(one)
  expect(upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toBe(one)
  await expect(upstreams.add(new FakeUpstream('one', {}))).rejects.toMatchObject({ code: 'invalid_request' })
  upstreams.acquire(one)
  expect(await upstreams.remove('one')).toBe(true)
  expect(one.isClosed).toBe(true)
  upstreams.release(one)
  expect(upstreams.get('one')).toBeUndefined()
  expect(() => upstreams.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toThrow()
  expect(await upstreams.remove('one')).toBe(false)
})

test('tells what the newest listing says of a model', async () => {
  const one = new FakeUpstream('one', { names: ['a', 'b:cloud'] })
  const { upstreams } = await started(one)
  expect(upstreams.modelOf(one, 'b:cloud')).toMatchObject({ isCloud: true })
  expect(upstreams.modelOf(one, A)).toMatchObject({ isCloud: false })
  one.next = { names: [] }
  await one.refresh()
  expect(upstreams.modelOf(one, A)).toBeUndefined()
})

describe('orgs', () => {
  const chooseIn = async (upstreams: Upstreams, orgId: string, choice: Partial<UpstreamChoice> = {}) =>
    await upstreams.choose({ orgId, route: CHAT, canonicalModel: A, ...choice })

  test('each has its own upstreams, and the same model of another is no choice, however idle', async () => {
    const mine = new FakeUpstream('mine', { names: ['a'] })
    const theirs = new FakeUpstream('theirs', { names: ['a'], isLoaded: true }, OTHER_ORG)
    const { upstreams } = await started(theirs, mine)
    for (let live = 0; live < 10; live++) {
      upstreams.acquire(mine)
      expect(await chooseIn(upstreams, ORG)).toBe(mine)
      expect(await chooseIn(upstreams, OTHER_ORG)).toBe(theirs)
    }
    mine.next = { failure: 'refused' }
    await mine.refresh()
    expect(await chooseIn(upstreams, ORG)).toBe(mine)
    expect(await chooseIn(upstreams, ORG, { route: PULL })).toBe(mine)
    expect(await chooseIn(upstreams, ORG, { canonicalModel: undefined })).toBe(mine)
    expect([upstreams.of(ORG), upstreams.of(OTHER_ORG), upstreams.of('org_none')]).toEqual([[mine], [theirs], []])
    expect(upstreams.all()).toEqual([theirs, mine])
  })

  test('nothing that is refused tells whether another org has it', async () => {
    const mine = new FakeUpstream('mine', { server: 'llama-server', names: ['mine'] })
    const theirs = new FakeUpstream('theirs', { names: ['a', 'secret'] }, OTHER_ORG)
    const { upstreams } = await started(mine)
    const refusals = () =>
      Promise.all(
        [
          { route: { ...COMPLETIONS, servers: ['llama-server' as const, 'ollama' as const] } },
          { route: CHAT },
          { route: PULL },
          { pinned: 'theirs' },
          { pinned: 'theirs', canonicalModel: undefined },
        ].flatMap((choice) =>
          [ORG, 'org_none'].map((orgId) =>
            chooseIn(upstreams, orgId, choice).then(
              () => 'chosen',
              ({ code, message, detail, param }) => ({ code, message, detail, param }),
            ),
          ),
        ),
      )
    const alone = await refusals()
    await upstreams.add(theirs)
    expect(await refusals()).toEqual(alone)
    expect(alone).not.toContain('chosen')
    expect(theirs.refreshCount).toBe(1)
  })

  test('one that is gone is gone from its org', async () => {
    const theirs = new FakeUpstream('theirs', { names: ['a'] }, OTHER_ORG)
    const { upstreams } = await started(theirs, new FakeUpstream('mine', { names: ['a'] }))
    await upstreams.remove('theirs')
    expect(upstreams.of(OTHER_ORG)).toEqual([])
    await expect(chooseIn(upstreams, OTHER_ORG)).rejects.toMatchObject({ code: 'upstream_unreachable' })
    expect(upstreams.of(ORG)).toHaveLength(1)
  })
})

test('listeners hear of what comes, what changes and what goes, and of nothing after that', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const { upstreams } = await started()
  const heard: string[] = []
  upstreams.onChange(({ id }) => heard.push(id))
  await upstreams.add(one)
  one.whenChanged()
  await upstreams.remove('one')
  one.whenChanged()
  expect(heard).toEqual(['one', 'one', 'one'])
})
