import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { systemClock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import { NO_USAGE } from '../../formats/usage.ts'
import { HttpDispatcher } from '../../http-client/http-dispatcher.ts'
import { readCatalogue } from '../../servers/catalogue.ts'
import type { ServerName } from '../../servers/known/model-servers.ts'
import type { KnownServer } from '../../servers/known-server.ts'
import type { ServedRoute } from '../../servers/route-table.ts'
import type { ServerWay } from '../../servers/server.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { UpstreamRefresher } from '../upstreams/upstream-refresher.ts'
import { UpstreamRegistry } from '../upstreams/upstream-registry.ts'
import { Admission } from './admission.ts'
import type { Wanted } from './chooser.ts'
import type { Lease } from './lease.ts'

const ORG = 'default'
const OTHER_ORG = 'org_other'

/** An upstream whose next listing a test sets; it becomes known by `refresh`. */
class FakeUpstream implements Upstream {
  readonly id: string
  readonly orgId: string
  readonly via = 'direct'
  readonly label: string
  readonly way: ServerWay = {
    dispatcher: new HttpDispatcher({ origin: 'http://127.0.0.1:9', clock: systemClock }),
    base: { origin: 'http://127.0.0.1:9', basePath: '' },
    credential: undefined,
  }
  known: KnownServer = knownServer({ health: { state: 'unprobed', checkedAt: 0, reason: '' } })
  next: {
    server?: ServerName
    names?: readonly string[]
    isLoaded?: boolean
    failure?: 'refused' | 'unreachable' | 'exhausted' | 'away' | 'unlinked'
  }
  refreshCount = 0
  isClosed = false
  /** It is asked and says nothing. */
  hangs = false
  whenChanged = (): void => {}

  constructor(id: string, next: FakeUpstream['next'], orgId: string = ORG) {
    this.id = id
    this.label = id
    this.orgId = orgId
    this.next = next
  }

  async refresh(): Promise<void> {
    this.refreshCount++
    if (this.hangs) await new Promise(() => {})
    await new Promise((resolve) => setImmediate(resolve))
    const { server = 'ollama', names = [], isLoaded, failure } = this.next
    if (failure !== undefined) this.become({ health: { state: 'down', checkedAt: 0, reason: 'away', failure } })
    else {
      const models = readCatalogue(names.map((name) => ({ name }))).map((model) => ({ ...model, isLoaded }))
      this.become({ server, models, health: { state: 'up', checkedAt: 0, reason: '' } })
    }
  }

  become(facts: Partial<KnownServer>): void {
    this.known = knownServer({ ...this.known, ...facts })
    this.whenChanged()
  }

  close(): Promise<void> {
    this.isClosed = true
    return this.way.dispatcher.close()
  }
}

function knownServer(facts: Partial<KnownServer> & Pick<KnownServer, 'health'>): KnownServer {
  return {
    kind: 'ollama',
    server: undefined,
    version: undefined,
    models: undefined,
    ...facts,
    modelOf: (name) => facts.models?.find(({ canonical }) => canonical === name),
  }
}

const CHAT: ServedRoute = {
  method: 'POST',
  path: '/api/chat',
  dialect: 'ollama',
  class: 'inference',
  model: { in: 'body', fields: ['model'] },
  servers: ['ollama'],
}
const COMPLETIONS: ServedRoute = {
  ...CHAT,
  path: '/v1/chat/completions',
  dialect: 'openai',
  servers: ['ollama', 'vllm'],
}
const PULL: ServedRoute = { ...CHAT, path: '/api/pull', class: 'manage' }
const A = 'a:latest'

/** A registry that is followed, and what lets requests in to it. */
class Ground {
  readonly clock = new ManualClock()
  readonly registry = new UpstreamRegistry()
  readonly refresher = new UpstreamRefresher({ registry: this.registry, clock: this.clock })
  readonly admission = new Admission({ registry: this.registry, refresher: this.refresher, clock: this.clock })

  /** The upstream that a request would get, at once or later. */
  choose(wanted: Wanted): Upstream | Promise<Upstream> {
    const leasing = this.admission.lease(wanted)
    return leasing instanceof Promise ? leasing.then(givenBack) : givenBack(leasing)
  }

  /** A lease on that one, which stays out. */
  hold({ id, orgId }: Upstream): Lease {
    return this.admission.lease({ orgId, route: CHAT, canonicalModel: undefined, pinned: id }) as Lease
  }
}

function givenBack(lease: Lease): Upstream {
  using held = lease
  return held.upstream
}

async function started(...members: FakeUpstream[]): Promise<Ground> {
  const ground = new Ground()
  for (const member of members) ground.registry.add(member)
  await ground.refresher.start()
  return ground
}

test('chooses one that serves the route and has the model, at once', async () => {
  const one = new FakeUpstream('one', { names: ['b'] })
  const two = new FakeUpstream('two', { server: 'vllm', names: ['a'] })
  const three = new FakeUpstream('three', { names: ['a'] })
  const ground = await started(one, two, three)
  expect(ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toBe(three)
  expect(ground.choose({ orgId: ORG, route: COMPLETIONS, canonicalModel: A })).toBe(two)
  expect(ground.choose({ orgId: ORG, route: CHAT, canonicalModel: undefined })).toBe(one)
  expect(ground.choose({ orgId: ORG, route: COMPLETIONS, canonicalModel: A, pinned: 'three' })).toBe(three)
  expect(ground.registry.all()).toEqual([one, two, three])
})

test('takes the least busy, then the first; a healthy one before any that is not', async () => {
  const [one, two, three] = ['one', 'two', 'three'].map((id) => new FakeUpstream(id, { names: ['a'] })) as [
    FakeUpstream,
    FakeUpstream,
    FakeUpstream,
  ]
  const ground = await started(one, two, three)
  const choose = (): unknown => ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })
  ground.hold(one)
  expect(choose()).toBe(two)
  const onTwo = ground.hold(two)
  expect(choose()).toBe(three)
  ground.hold(three)
  expect(choose()).toBe(one)
  onTwo[Symbol.dispose]()
  onTwo.settle({ usage: NO_USAGE, error: undefined })
  expect(ground.registry.leasesOf('two')).toBe(0)
  expect(choose()).toBe(two)
  two.next = { failure: 'refused' }
  await two.refresh()
  expect(choose()).toBe(one)
})

test('among those that are equally busy, one that has the model loaded', async () => {
  const one = new FakeUpstream('one', { names: ['a'], isLoaded: false })
  const two = new FakeUpstream('two', { names: ['a', 'b'], isLoaded: true })
  const three = new FakeUpstream('three', { names: ['a'], isLoaded: true })
  const ground = await started(one, two, three)
  const choose = (): unknown => ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })
  expect(choose()).toBe(two)
  expect(ground.choose({ orgId: ORG, route: CHAT, canonicalModel: undefined })).toBe(one)
  ground.hold(two)
  expect(choose()).toBe(three)
  ground.hold(three)
  expect(choose()).toBe(one)
  ground.hold(one)
  expect(choose()).toBe(two)
  for (const failed of [two, three]) {
    failed.next = { failure: 'refused' }
    await failed.refresh()
  }
  ground.hold(one)
  expect(choose()).toBe(one)
})

test('one that is down but answered before is chosen when there is no other', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const ground = await started(one)
  one.next = { failure: 'refused' }
  await one.refresh()
  expect(ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toBe(one)
})

test('a model that nobody has is looked for anew, at most every 2 s, then said to be unknown', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const ground = await started(one)
  const choose = async (): Promise<Upstream> => ground.choose({ orgId: ORG, route: CHAT, canonicalModel: 'b:latest' })
  const message = expect.stringMatching(/^model 'b:latest' not found\. `ollama list`/)
  const unknown = { code: 'model_not_found', message, param: 'model' }
  await expect(choose()).rejects.toMatchObject(unknown)
  expect(one.refreshCount).toBe(1)
  ground.clock.advance(2_000)
  await Promise.all([1, 2, 3].map(() => expect(choose()).rejects.toMatchObject(unknown)))
  expect(one.refreshCount).toBe(2)
  ground.clock.advance(2_000)
  one.next = { names: ['a', 'b'] }
  expect(await choose()).toBe(one)
  expect(one.refreshCount).toBe(3)
  expect(await choose()).toBe(one)
  expect(one.refreshCount).toBe(3)
})

test('a miss waits for a listing that is being read already', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const ground = new Ground()
  ground.registry.add(one)
  const starting = ground.refresher.start()
  expect(await ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toBe(one)
  await starting
  expect(one.refreshCount).toBe(1)
})

test('one that has become reachable again is asked at a miss, however short ago it was', async () => {
  const one = new FakeUpstream('one', { failure: 'unreachable' })
  const ground = await started(one)
  one.become({ health: { state: 'unprobed', checkedAt: 0, reason: '' } })
  one.next = { names: ['a'] }
  expect(await ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toBe(one)
})

test('a miss does not wait for one that is down while another is up', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const two = new FakeUpstream('two', { failure: 'unreachable' })
  const ground = await started(one, two)
  ground.clock.advance(2_000)
  await expect(ground.choose({ orgId: ORG, route: CHAT, canonicalModel: 'b:latest' })).rejects.toMatchObject({
    code: 'upstream_away',
  })
  expect([one.refreshCount, two.refreshCount]).toEqual([2, 1])
})

describe('one that was not heard of since the start', () => {
  const refusalOf = async (ground: Ground, wanted: Partial<Wanted> = {}): Promise<PunkuError> => {
    const choosing = async () => ground.choose({ orgId: ORG, route: CHAT, canonicalModel: 'b:latest', ...wanted })
    return await choosing().then(
      () => expect.unreachable(),
      (error: PunkuError) => error,
    )
  }

  test('may have any model and any route: whoever asks for them is told to ask again', async () => {
    const two = new FakeUpstream('two', { failure: 'away' })
    const ground = await started(new FakeUpstream('one', { names: ['a'] }), two)
    const away = { code: 'upstream_away', status: 503, isRetryable: true, retryAfterMs: 3_000 }
    expect(await refusalOf(ground)).toMatchObject(away)
    expect(await refusalOf(ground, { route: { ...CHAT, servers: ['vllm'] } })).toMatchObject(away)
    expect(ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toMatchObject({ id: 'one' })
    expect(ground.admission.isAwaited(ORG)).toBe(true)

    two.next = { names: ['c'] }
    await two.refresh()
    ground.clock.advance(2_000)
    expect(await refusalOf(ground)).toMatchObject({ code: 'model_not_found' })
    expect(ground.admission.isAwaited(ORG)).toBe(false)
  })

  test('is not waited for when 5 minutes have passed: it may be gone for good', async () => {
    const ground = await started(
      new FakeUpstream('one', { names: ['a'] }),
      new FakeUpstream('two', { failure: 'away' }),
    )
    ground.refresher.close()
    ground.clock.advance(299_999)
    expect(await refusalOf(ground)).toMatchObject({ code: 'upstream_away' })
    ground.clock.advance(1)
    expect(await refusalOf(ground)).toMatchObject({ code: 'model_not_found' })
    const route = { ...CHAT, servers: ['vllm' as const] }
    expect(await refusalOf(ground, { route })).toMatchObject({ code: 'route_not_served' })
  })

  test('and whose agent has never connected is not waited for, nor named', async () => {
    const never = () => new FakeUpstream('never', { failure: 'unlinked' })
    const ground = await started(new FakeUpstream('one', { names: ['a'] }), never())
    expect(await refusalOf(ground)).toMatchObject({ code: 'model_not_found' })
    expect(ground.admission.isAwaited(ORG)).toBe(false)
    const off = await started(new FakeUpstream('off', { failure: 'refused' }), never())
    expect(await refusalOf(off)).toMatchObject({ code: 'upstream_refused' })
    expect(await refusalOf(await started(never()))).toMatchObject({ code: 'upstream_away' })
  })

  test('and does not answer at its URL is told as that, not as one that is about to come', async () => {
    const off = new FakeUpstream('off', { failure: 'refused' })
    const ground = await started(new FakeUpstream('one', { names: ['a'] }), off)
    expect((await refusalOf(ground)).message).toMatch(
      /^Nothing has answered yet at the URL of a model server.*'b:latest'/,
    )
  })

  test('of another org is nobody here', async () => {
    const theirs = new FakeUpstream('theirs', { failure: 'away' }, OTHER_ORG)
    const ground = await started(new FakeUpstream('one', { names: ['a'] }), theirs)
    expect(await refusalOf(ground)).toMatchObject({ code: 'model_not_found' })
    expect([ORG, OTHER_ORG, 'org_none'].map((org) => ground.admission.isAwaited(org))).toEqual([false, true, false])
  })
})

test('a route of class manage needs no model, but goes where it is when it is there', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const two = new FakeUpstream('two', { names: ['b'] })
  const ground = await started(one, two)
  expect(ground.choose({ orgId: ORG, route: PULL, canonicalModel: 'b:latest' })).toBe(two)
  expect(ground.choose({ orgId: ORG, route: PULL, canonicalModel: 'c:latest' })).toBe(one)
  two.next = { failure: 'refused' }
  await two.refresh()
  expect(ground.choose({ orgId: ORG, route: PULL, canonicalModel: 'b:latest' })).toBe(two)
})

test('says that no server here has the route, and which would', async () => {
  const ground = await started(new FakeUpstream('one', { server: 'llama-server', names: ['a'] }))
  const choose = (): unknown => ground.choose({ orgId: ORG, route: COMPLETIONS, canonicalModel: A })
  expect(choose).toThrow(expect.objectContaining({ code: 'route_not_served' }))
  expect(choose).toThrow(
    'No model server here serves POST /v1/chat/completions of the openai API. It takes one of: ollama, vllm.',
  )
})

test('says of a model that is on a server without the route that it is that, not that nobody has the model', async () => {
  const ground = await started(
    new FakeUpstream('one', { names: ['b'] }),
    new FakeUpstream('two', { server: 'llama-server', names: ['a'] }),
  )
  const asked = async (canonicalModel: string): Promise<Upstream> =>
    ground.choose({ orgId: ORG, route: COMPLETIONS, canonicalModel })
  await expect(asked(A)).rejects.toMatchObject({
    code: 'route_not_served',
    message:
      'The server of that model (llama-server) does not serve POST /v1/chat/completions of the openai API. It takes one of: ollama, vllm.',
  })
  await expect(asked('c:latest')).rejects.toMatchObject({ code: 'model_not_found' })
})

test.each([
  ['refused', 'upstream_refused'],
  ['unreachable', 'upstream_unreachable'],
] as const)('none that ever answered, %s: asks once more, then says so', async (failure, code) => {
  const one = new FakeUpstream('one', { failure })
  const ground = await started(one)
  ground.clock.advance(2_000)
  const choose = async (): Promise<Upstream> => ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })
  await expect(choose()).rejects.toMatchObject({ code, retryAfterMs: 5_000, detail: { reason: 'away' } })
  expect(one.refreshCount).toBe(2)
  one.next = { names: ['a'] }
  ground.clock.advance(2_000)
  expect(await choose()).toBe(one)
})

test('one that could not be asked for want of an open file is not to blame', async () => {
  const one = new FakeUpstream('one', { failure: 'exhausted' })
  const ground = await started(one)
  ground.clock.advance(2_000)
  const choosing = async () => ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })
  await expect(choosing()).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 2_000 })
})

test('none that ever answered, behind an agent that is away: says so', async () => {
  const ground = await started(
    new FakeUpstream('one', { failure: 'away' }),
    new FakeUpstream('two', { failure: 'refused' }),
  )
  const choose = async (): Promise<Upstream> => ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })
  await expect(choose()).rejects.toMatchObject({ code: 'upstream_away', retryAfterMs: 3_000 })
})

test('says that there is no upstream, or none of that id', async () => {
  const ground = await started()
  const choose = (pinned?: string) => (): unknown =>
    ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A, ...(pinned === undefined ? {} : { pinned }) })
  expect(choose()).toThrow(expect.objectContaining({ code: 'route_not_served' }))
  expect(choose('nine')).toThrow(expect.objectContaining({ code: 'upstream_not_found' }))
})

test('asks those that are down every 5 s and all every 30 s, until closed', async () => {
  const up = new FakeUpstream('up', { names: ['a'] })
  const down = new FakeUpstream('down', { failure: 'refused' })
  const ground = await started(up, down)
  const counts = async (ms: number): Promise<[number, number]> => {
    for (let passed = 0; passed < ms; passed += 5_000) {
      ground.clock.advance(5_000)
      // After the answers of the upstreams, which come in an immediate of their own.
      await new Promise((resolve) => setImmediate(resolve))
    }
    return [up.refreshCount, down.refreshCount]
  }
  expect(await counts(25_000)).toEqual([1, 6])
  expect(await counts(5_000)).toEqual([2, 7])
  expect(await counts(30_000)).toEqual([3, 13])
  ground.refresher.close()
  await ground.registry.close()
  expect([up.isClosed, down.isClosed, ground.clock.pendingTimers]).toEqual([true, true, 0])
})

test('one added later is asked at once, and one removed is closed and never chosen', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const ground = await started()
  ground.registry.add(one)
  expect(one.refreshCount).toBe(1)
  expect(await ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toBe(one)
  const again = () => ground.registry.add(new FakeUpstream('one', {}))
  expect(again).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  const held = ground.hold(one)
  expect(await ground.registry.remove('one')).toBe(true)
  expect(one.isClosed).toBe(true)
  held.settle({ usage: NO_USAGE, error: undefined })
  expect(ground.registry.get('one')).toBeUndefined()
  expect(() => ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })).toThrow()
  expect(await ground.registry.remove('one')).toBe(false)
})

test('one that a lease could not reach is asked at once how it is, one that answered is not', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const ground = await started(one)
  ground.clock.advance(2_000)
  ground.hold(one).settle({ usage: NO_USAGE, error: new PunkuError('upstream_failed', 'It failed.') })
  expect(one.refreshCount).toBe(1)
  ground.hold(one).settle({ usage: NO_USAGE, error: new PunkuError('upstream_refused', 'It is away.') })
  expect(one.refreshCount).toBe(2)
})

describe('many upstreams', () => {
  const COUNT = 1_000
  const crowd = () => Array.from({ length: COUNT }, (_, index) => new FakeUpstream(`u${index}`, { names: ['a'] }))

  test('have their turns: no request looks at all of them', async () => {
    const members = crowd()
    const ground = await started(...members)
    const wanted = { orgId: ORG, route: CHAT, canonicalModel: A }
    const looked = new Set<string>()
    for (const member of members) {
      const { known } = member
      Object.defineProperty(member, 'known', {
        get() {
          looked.add(member.id)
          return known
        },
      })
    }
    const leases = Array.from({ length: 3 }, () => ground.admission.lease(wanted) as Lease)
    expect(looked.size).toBeLessThan(COUNT / 2)
    expect(new Set(leases.map(({ upstream }) => upstream.id)).size).toBe(3)
    const more = Array.from({ length: COUNT - 3 }, () => ground.admission.lease(wanted) as Lease)
    expect(Math.max(...members.map(({ id }) => ground.registry.leasesOf(id)))).toBeLessThanOrEqual(2)
    for (const lease of [...leases, ...more]) lease[Symbol.dispose]()
    expect(members.every(({ id }) => ground.registry.leasesOf(id) === 0)).toBe(true)
  })

  test('are asked a few at a time', async () => {
    const members = crowd()
    let asking = 0
    let most = 0
    for (const member of members) {
      const refresh = member.refresh.bind(member)
      member.refresh = async () => {
        most = Math.max(most, ++asking)
        await refresh()
        asking--
      }
    }
    const ground = await started(...members)
    expect([members.every(({ refreshCount }) => refreshCount === 1), most]).toEqual([true, 16])
    ground.clock.advance(30_000)
    expect(asking).toBeLessThanOrEqual(16)
    await expect
      .poll(() => {
        ground.clock.advance(250)
        return members.every(({ refreshCount }) => refreshCount > 1)
      })
      .toBe(true)
    expect(most).toBe(16)
  })
})

describe('one that hangs', () => {
  test('does not hold up a miss while another answers, and is asked once', async () => {
    const one = new FakeUpstream('one', { names: ['a'] })
    const two = new FakeUpstream('two', { names: ['c'] })
    const ground = await started(one, two)
    const choose = async (): Promise<Upstream> => ground.choose({ orgId: ORG, route: CHAT, canonicalModel: 'b:latest' })
    two.hangs = true
    one.next = { names: ['a', 'b'] }
    ground.clock.advance(2_000)
    const choosing = choose()
    ground.clock.advance(1_000)
    expect(await choosing).toBe(one)
    one.next = { names: ['a'] }
    await one.refresh()
    const missing = expect(choose()).rejects.toMatchObject({ code: 'model_not_found' })
    ground.clock.advance(1_000)
    await missing
    expect(two.refreshCount).toBe(2)
  })

  test('is waited for by who has nobody else', async () => {
    const one = new FakeUpstream('one', { failure: 'refused' })
    const two = new FakeUpstream('two', { failure: 'refused' })
    const ground = await started(one, two)
    let refresh = (): void => {}
    two.refresh = async () => {
      await new Promise<void>((resolve) => {
        refresh = resolve
      })
      two.become({
        server: 'ollama',
        models: readCatalogue([{ name: 'a' }]),
        health: { state: 'up', checkedAt: 0, reason: '' },
      })
    }
    ground.clock.advance(2_000)
    const choosing = ground.choose({ orgId: ORG, route: CHAT, canonicalModel: A })
    ground.clock.advance(1_500)
    refresh()
    expect(await choosing).toBe(two)
  })

  test('takes no place from others for longer than a second', async () => {
    const hanging = Array.from({ length: 40 }, (_, index) => new FakeUpstream(`h${index}`, { names: ['a'] }))
    const last = new FakeUpstream('last', { names: ['b'] })
    const ground = await started(...hanging, last)
    for (const one of hanging) one.hangs = true
    ground.refresher.askBehind([...hanging, last])
    const asked = () => [...hanging, last].filter(({ refreshCount }) => refreshCount > 1).length
    expect(asked()).toBe(16)
    ground.clock.advance(1_250)
    expect(asked()).toBe(32)
    ground.clock.advance(1_250)
    expect([asked(), last.refreshCount]).toEqual([41, 2])
  })
})

describe('orgs', () => {
  const chooseIn = async (ground: Ground, orgId: string, choice: Partial<Wanted> = {}) =>
    await ground.choose({ orgId, route: CHAT, canonicalModel: A, ...choice })

  test('each has its own upstreams, and the same model of another is no choice, however idle', async () => {
    const mine = new FakeUpstream('mine', { names: ['a'] })
    const theirs = new FakeUpstream('theirs', { names: ['a'], isLoaded: true }, OTHER_ORG)
    const ground = await started(theirs, mine)
    for (let live = 0; live < 10; live++) {
      ground.hold(mine)
      expect(await chooseIn(ground, ORG)).toBe(mine)
      expect(await chooseIn(ground, OTHER_ORG)).toBe(theirs)
    }
    mine.next = { failure: 'refused' }
    await mine.refresh()
    expect(await chooseIn(ground, ORG)).toBe(mine)
    expect(await chooseIn(ground, ORG, { route: PULL })).toBe(mine)
    expect(await chooseIn(ground, ORG, { canonicalModel: undefined })).toBe(mine)
    expect([ground.registry.of(ORG), ground.registry.of(OTHER_ORG), ground.registry.of('org_none')]).toEqual([
      [mine],
      [theirs],
      [],
    ])
    expect(ground.registry.all()).toEqual([theirs, mine])
  })

  test('nothing that is refused tells whether another org has it', async () => {
    const mine = new FakeUpstream('mine', { server: 'llama-server', names: ['mine'] })
    const theirs = new FakeUpstream('theirs', { names: ['a', 'secret'] }, OTHER_ORG)
    const ground = await started(mine)
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
            chooseIn(ground, orgId, choice).then(
              () => 'chosen',
              ({ code, message, detail, param }) => ({ code, message, detail, param }),
            ),
          ),
        ),
      )
    const alone = await refusals()
    ground.registry.add(theirs)
    expect(await refusals()).toEqual(alone)
    expect(alone).not.toContain('chosen')
    expect(theirs.refreshCount).toBe(1)
  })

  test('one that is gone is gone from its org', async () => {
    const theirs = new FakeUpstream('theirs', { names: ['a'] }, OTHER_ORG)
    const ground = await started(theirs, new FakeUpstream('mine', { names: ['a'] }))
    await ground.registry.remove('theirs')
    expect(ground.registry.of(OTHER_ORG)).toEqual([])
    await expect(chooseIn(ground, OTHER_ORG)).rejects.toMatchObject({ code: 'route_not_served' })
    expect(ground.registry.of(ORG)).toHaveLength(1)
  })
})

test('listeners hear of what comes, what changes and what goes, and of nothing after that', async () => {
  const one = new FakeUpstream('one', { names: ['a'] })
  const ground = await started()
  const heard: string[] = []
  ground.registry.changes.listen(({ id }) => heard.push(id))
  ground.registry.add(one)
  one.whenChanged()
  await ground.registry.remove('one')
  one.whenChanged()
  expect(heard).toEqual(['one', 'one', 'one'])
})
