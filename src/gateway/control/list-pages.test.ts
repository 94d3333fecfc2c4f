import { expect, test } from 'vitest'
import { testNote } from '../../../test/support/chains.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { addMember, addOrg, addPerson } from '../../../test/support/people.ts'
import { BLANK_REQUEST } from '../store/request-columns.ts'

type TestControl = Awaited<ReturnType<typeof openTestControl>>

/** A list of the control API that comes in pages. */
interface PagedList {
  /** Adds a row of that name; its id. */
  readonly add: (name: string) => Promise<string>
  /** Takes a row out of the list; absent: nothing does. */
  readonly remove?: (id: string) => Promise<unknown>
  /** The ids of a page, and where the next begins. */
  readonly read: (limit: number, next: string | undefined) => Promise<{ ids: string[]; next: string | null }>
}

const pageOf = (limit: number, next: string | undefined) =>
  `limit=${limit}${next === undefined ? '' : `&cursor=${encodeURIComponent(next)}`}`

/** Where the next page begins in a list by number: its last row. */
function byNumber(rows: readonly { readonly seq: number }[], limit: number) {
  const ids = rows.map(({ seq }) => String(seq))
  return { ids, next: rows.length < limit ? null : (ids.at(-1) ?? null) }
}
const beforeOf = (limit: number, next: string | undefined) =>
  `limit=${limit}${next === undefined ? '' : `&before=${next}`}`

const LISTS: Readonly<Record<string, (control: TestControl) => PagedList>> = {
  keys: ({ call }) => ({
    add: async (name) => (await call('createKey', '/keys', { name })).id,
    remove: (id) => call('revokeKey', `/keys/${id}`),
    async read(limit, cursor) {
      const { keys, next } = await call('listKeys', `/keys?revoked=false&${pageOf(limit, cursor)}`)
      return { ids: keys.map(({ id }) => id), next }
    },
  }),
  tunnels: ({ call }) => ({
    add: async (label) => (await call('createTunnel', '/tunnels', { label })).id,
    remove: (id) => call('revokeTunnel', `/tunnels/${id}`),
    async read(limit, cursor) {
      const { tunnels, next } = await call('listTunnels', `/tunnels?revoked=false&${pageOf(limit, cursor)}`)
      return { ids: tunnels.map(({ id }) => id), next }
    },
  }),
  invitations: ({ call }) => ({
    add: async () => (await call('createInvitation', '/invitations', { role: 'member' })).id,
    async read(limit, cursor) {
      const { invitations, next } = await call('listInvitations', `/invitations?${pageOf(limit, cursor)}`)
      return { ids: invitations.map(({ id }) => id), next }
    },
  }),
  orgs: ({ call, database, clock }) => ({
    async add(name) {
      await addOrg(database, `org_${name}`, clock.now())
      return `org_${name}`
    },
    remove: (id) => call('removeOrg', `/orgs/${id}`),
    async read(limit, cursor) {
      const { orgs, next } = await call('listOrgs', `/orgs?${pageOf(limit, cursor)}`)
      return { ids: orgs.map(({ id }) => id), next }
    },
  }),
  members: ({ call, database }) => ({
    async add(name) {
      const id = await addPerson(database, `${name}@example.org`, name)
      await addMember(database, 'default', id, 'member')
      return id
    },
    remove: (id) => call('removeMember', `/members/${id}`),
    async read(limit, cursor) {
      const { members, next } = await call('listMembers', `/members?${pageOf(limit, cursor)}`)
      return { ids: members.map(({ person }) => person.id), next }
    },
  }),
  accounts: ({ call, database }) => ({
    add: (name) => addPerson(database, `${name}@example.org`, name),
    remove: (id) => call('removeAccount', `/accounts/${id}`),
    async read(limit, cursor) {
      const { accounts, next } = await call('listAccounts', `/accounts?${pageOf(limit, cursor)}`)
      return { ids: accounts.map(({ person }) => person.id), next }
    },
  }),
  requests: ({ call, requests }) => ({
    async add(id) {
      await requests.insertMany([{ ...BLANK_REQUEST, id, org_id: 'default', key_id: 'k' }])
      return String((await call('showRequest', `/requests/${id}`)).seq)
    },
    async read(limit, before) {
      return byNumber((await call('listRequests', `/requests?${beforeOf(limit, before)}`)).requests, limit)
    },
  }),
  audit: ({ call, auditLog }) => ({
    async add() {
      await auditLog.record(testNote())
      return String((await call('listAudit', '/audit?limit=1')).entries[0]?.seq)
    },
    async read(limit, before) {
      return byNumber((await call('listAudit', `/audit?${beforeOf(limit, before)}`)).entries, limit)
    },
  }),
}

const PAGE_ROWS = 2
/** Which row is taken out after the first page. */
const GOES = ['seen', 'named by the cursor', 'to come'] as const

describeDatabases((open) => {
  const cases = Object.entries(LISTS).flatMap(([noun, listOf]) => GOES.map((goes) => ({ noun, listOf, goes })))
  test.each(cases)(
    'pages of $noun give each row once and in order, also when rows come, and one goes that was $goes',
    async ({ listOf, goes }) => {
      const control = await openTestControl(open)
      const list = listOf(control)
      // In two letter cases, and two of one moment: none may come twice or be passed over.
      for (const [index, name] of ['delta', 'Bravo', 'echo', 'Charlie', 'foxtrot'].entries()) {
        await list.add(name)
        if (index % 2 === 1) control.clock.advance(1)
      }
      const before = (await list.read(1_000, undefined)).ids
      const walked: string[] = []
      const removed: string[] = []
      for (let cursor: string | undefined; ; ) {
        const { ids, next } = await list.read(PAGE_ROWS, cursor)
        walked.push(...ids)
        if (next === null) break
        cursor = next
        if (walked.length > PAGE_ROWS) continue
        // The org that is there from the start stays.
        const seen = walked.find((one) => one !== 'default')
        const id = goes === 'seen' ? seen : goes === 'named by the cursor' ? walked.at(-1) : before.at(-1)
        if (list.remove !== undefined && id !== undefined) {
          await list.remove(id)
          removed.push(id)
        }
        control.clock.advance(1)
        await list.add('alpha')
      }
      const after = (await list.read(1_000, undefined)).ids
      const stayed = after.filter((id) => before.includes(id))
      expect(stayed).toHaveLength(before.length - removed.length)
      expect(new Set(walked).size, 'none twice').toBe(walked.length)
      expect(walked.filter((id) => stayed.includes(id))).toEqual(stayed)
      if (goes === 'to come') for (const id of removed) expect(walked).not.toContain(id)
    },
  )

  test('people are looked for by a part of their name or address, and members by what they may do', async () => {
    const { call, database, refused } = await openTestControl(open)
    for (const [id, name, role] of [
      ['ada', 'Ada Lovelace', 'owner'],
      ['grace', 'Grace Hopper', 'admin'],
      ['alan', 'Alan 100% Turing', 'member'],
    ] as const) {
      await addPerson(database, `${id}@example.org`, name)
      await addMember(database, 'default', id, role)
    }
    const members = async (query: string) =>
      (await call('listMembers', `/members?${query}`)).members.map(({ person }) => person.id)
    const accounts = async (query: string) =>
      (await call('listAccounts', `/accounts?${query}`)).accounts.map(({ person }) => person.id)
    for (const found of [members, accounts]) {
      expect(await found('q=LOVE')).toEqual(['ada'])
      expect(await found('q=grace@')).toEqual(['grace'])
      expect(await found('q=%25')).toEqual(['alan'])
      expect(await found('q=nobody')).toEqual([])
    }
    expect(await members('role=admin')).toEqual(['ada', 'grace'])
    expect(await members('role=owner')).toEqual(['ada'])
    expect(await members('role=member&q=a')).toEqual(['ada', 'alan', 'grace'])
    expect((await call('showMember', '/members/grace')).role).toBe('admin')
    expect(await refused('GET', '/members/nobody')).toMatchObject({ status: 404 })
    expect(await refused('GET', '/members?q=%00')).toMatchObject({ code: 'invalid_request', param: 'q' })
  })
})
