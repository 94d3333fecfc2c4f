import { expect, test } from 'vitest'
import { OWNER_CONNECTIONS } from '../../system/owner-connections.ts'
import { type ConnectionSettings, planConnections } from './connection-plan.ts'

test.each([1_000_000, Number.POSITIVE_INFINITY])(
  'with %d open files the configuration stands, and nobody is warned',
  (openFiles) => {
    const plan = planConnections({ connections: 4_096 }, openFiles)
    expect(plan).toMatchObject({ connections: 4_096, warning: undefined })
    expect(plan.upstreamConnections).toBeGreaterThan(4_096)
    expect(plan.fullText).toContain('limits.connections')
  },
)

test.each([300, 1_024, 4_096])(
  'with %d each connection can have one to an upstream, and files are left',
  (openFiles) => {
    const plan = planConnections({ connections: 4_096 }, openFiles)
    expect(plan.connections).toBeGreaterThan(0)
    expect(plan.upstreamConnections).toBeGreaterThan(plan.connections)
    expect(openFiles - plan.connections - plan.upstreamConnections).toBeGreaterThanOrEqual(100 + OWNER_CONNECTIONS)
    for (const text of [plan.warning, plan.fullText]) {
      expect(text).toContain(` ${openFiles} open files`)
      expect(text).toContain('`ulimit -n`')
    }
  },
)

test('what it says is needed is enough', () => {
  const needed = Number(/Raise it to (\d+)/.exec(planConnections({ connections: 4_096 }, 300).warning ?? '')?.[1])
  expect(planConnections({ connections: 4_096 }, needed).warning).toBeUndefined()
  expect(planConnections({ connections: 4_096 }, needed - 2).warning).toBeDefined()
})

test('as few as can be still let one in', () => {
  expect(planConnections({ connections: 4_096 }, 20)).toMatchObject({ connections: 1, upstreamConnections: 1 })
})

test('one address has a quarter of what there is, one org three; few connections are not parted', () => {
  const sharesOf = (limits: ConnectionSettings, openFiles = Number.POSITIVE_INFINITY) => {
    const { perAddress, perOrg } = planConnections(limits, openFiles)
    return [perAddress, perOrg]
  }
  expect(sharesOf({ connections: 4_096 })).toEqual([1_024, 3_072])
  expect(sharesOf({ connections: 8 })).toEqual([8, 8])
  expect(sharesOf({ connections: 4_096, connectionsPerAddress: 4_000, connectionsPerOrg: 7 })).toEqual([4_000, 7])
  const { connections } = planConnections({ connections: 4_096 }, 300)
  expect(sharesOf({ connections: 4_096, connectionsPerAddress: 4_000 }, 300)).toEqual([connections, connections])
})
