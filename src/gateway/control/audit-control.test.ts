import { expect, test } from 'vitest'
import { personIn } from '../../../test/support/actors.ts'
import { fullRequest, testNote } from '../../../test/support/chains.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { Secret } from '../../core/secret.ts'
import { localActor } from '../orgs/actor.ts'

describeDatabases((open, isSqlite) => {
  /** Three entries: of `default`, of another org, and of none. */
  async function start() {
    const control = await openTestControl(open)
    await control.auditLog.record(testNote({ action: 'key.create' }))
    await control.auditLog.record(testNote({ orgId: 'org_2', action: 'member.remove' }))
    await control.auditLog.record(testNote({ orgId: undefined, action: 'session.start', before: undefined }))
    const seqsFor = async (actor: Parameters<typeof control.as>[0], path: string) =>
      (await control.as(actor).call('listAudit', path)).entries.map(({ seq }) => seq)
    return { ...control, seqsFor }
  }

  test('an admin sees the entries of the org, whatever they ask for', async () => {
    const { seqsFor, as } = await start()
    const admin = personIn('default', 'admin')
    for (const path of ['/audit', '/audit?all=true', '/audit?all=false'])
      expect(await seqsFor(admin, path)).toEqual([1])
    expect(await seqsFor(personIn('org_2', 'owner'), '/audit?all=true')).toEqual([2])
    expect((await as(admin).refused('GET', '/audit?org=org_2')).code).toBe('invalid_request')
    const text = await (await as(admin).send('GET', '/audit.ndjson?all=true')).text()
    expect(text).not.toContain('member.remove')
    expect(text.trimEnd().split('\n')).toHaveLength(1)
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('a system admin sees those of the org, and on asking all', async () => {
    const { seqsFor } = await start()
    expect(await seqsFor(localActor(), '/audit')).toEqual([1])
    expect(await seqsFor(localActor('org_2'), '/audit')).toEqual([2])
    expect(await seqsFor(localActor(), '/audit?all=true')).toEqual([3, 2, 1])
    expect(await seqsFor(localActor(), '/audit?all=true&before=3&limit=1')).toEqual([2])
    expect(await seqsFor(localActor(), '/audit?all=true&action=member')).toEqual([2])
    expect(await seqsFor(localActor(), '/audit?actor=per_1&target=ci&since=2026-01-01T00:00:00Z')).toEqual([1])
    expect(await seqsFor(localActor(), '/audit?until=2026-01-01T00:00:00Z')).toEqual([])
  })

  test.each(['/audit', '/audit.ndjson'])('members may not read %s', async (path) => {
    const { as } = await start()
    expect((await as(personIn('default', 'member')).refused('GET', path)).code).toBe('not_allowed')
    expect((await as(undefined).refused('GET', path)).code).toBe('not_signed_in')
  })

  test('an entry is told in full, with what was before and after, and exported in the same form', async () => {
    const { call, send } = await start()
    const { entries } = await call('listAudit', '/audit')
    expect(entries).toEqual([
      {
        seq: 1,
        at: '2026-01-01T00:00:00.000Z',
        org: 'default',
        actorKind: 'person',
        actorId: 'per_1',
        actorName: 'Ada',
        address: '192.0.2.7',
        action: 'key.create',
        targetId: 'k1',
        targetName: 'ci',
        before: { models: ['*'] },
        after: { models: ['llama3'] },
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ])
    const response = await send('GET', '/audit.ndjson')
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    expect(await response.text()).toBe(`${JSON.stringify(entries[0])}\n`)
  })

  test('an entry that was tampered with is shown as it stands', async () => {
    const { database, call } = await start()
    await database.db.updateTable('audit').set({ before: '["no object"', at: 9e15, after: '7' }).execute()
    const [entry] = (await call('listAudit', '/audit')).entries
    expect(entry).toMatchObject({ before: { unreadable: '["no object"' }, after: { unreadable: '7' } })
  })

  test('the check says which chain is whole, and keeps a head that it takes back', async () => {
    const { database, requests, call, refused } = await start()
    await requests.insertMany([fullRequest(), fullRequest()])
    const { chains } = await call('verifyChains', '/audit/verify')
    expect(chains).toEqual([
      {
        chain: 'audit',
        isWhole: true,
        checked: 3,
        uncovered: 0,
        fault: null,
        head: expect.stringMatching(/^audit:3:/),
      },
      {
        chain: 'requests',
        isWhole: true,
        checked: 2,
        uncovered: 0,
        fault: null,
        head: expect.stringMatching(/^requests:1:/),
      },
    ])
    const kept = chains.map(({ head }) => head).join(', ')
    expect((await call('verifyChains', `/audit/verify?kept=${kept}`)).chains).toEqual(chains)
    const other = kept.replaceAll(/[0-9a-f]{8}\b/g, '00000000')
    const rolledBack = (await call('verifyChains', `/audit/verify?kept=${other}`)).chains
    expect(rolledBack.map(({ fault }) => fault?.kind)).toEqual(['changed', 'changed'])
    expect(await refused('POST', '/audit/verify?kept=audit:1:zz')).toMatchObject({
      code: 'invalid_request',
      param: 'kept',
    })
    await database.db.deleteFrom('requests').where('seq', '=', 2).execute()
    expect((await call('verifyChains', '/audit/verify')).chains).toMatchObject([
      { isWhole: true },
      { isWhole: false, fault: { kind: 'missing', seq: 2, detail: expect.stringContaining('Request 2 is gone') } },
    ])
  })

  test('only system admins may ask for the check', async () => {
    const { as } = await start()
    expect((await as(personIn('default', 'owner')).refused('POST', '/audit/verify')).code).toBe('not_allowed')
  })

  test('no secret comes out, even one that was put among the facts', async () => {
    const { auditLog, send } = await start()
    await auditLog.record(testNote({ after: { token: new Secret('pt_only_once') } }))
    const text = await (await send('GET', '/audit.ndjson')).text()
    expect(text).toContain('[redacted]')
    expect(text).not.toContain('pt_only_once')
  })
})
