import { startTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts'
import { Visitor } from './visitor.ts'

/** Who asks, by what they are in the org `default`. `stranger`: an owner of another org, and nobody in this one. */
export const ROLES = ['nobody', 'member', 'admin', 'owner', 'stranger', 'system'] as const
export type RoleName = (typeof ROLES)[number]

/** The two orgs of a world. */
export const OTHER_SLUG = 'other'
const PASSWORD = 'correct horse battery'

/** A gateway with two orgs and somebody of every role, signed in over HTTP. */
export interface ControlWorld extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly visitors: Readonly<Record<RoleName, Visitor>>
  /** The system admin once more, with a session that works in the other org. */
  readonly systemElsewhere: Visitor
  /** The person's id, by role; nobody has none. */
  readonly personIds: Readonly<Record<Exclude<RoleName, 'nobody'>, string>>
  readonly otherOrgId: string
  /** Somebody new in the org that the inviter's session works in. */
  newPerson(inviter: Visitor, role: 'owner' | 'admin' | 'member'): Promise<{ visitor: Visitor; id: string }>
}

let count = 0

/** Starts one; on SQLite, or on the database that the options name. */
export async function startControlWorld(options: Partial<TestGatewayOptions> = {}): Promise<ControlWorld> {
  const gateway = await startTestGateway({ upstreams: [], ...options })
  const visit = () => new Visitor(gateway.url)
  const system = visit()
  const token = new URL(await gateway.parts.setup.issue(gateway.url)).hash.slice(1)
  const founder = { token, name: 'System', email: 'system@example.org', password: PASSWORD }
  const { id: systemId } = await system.do('setUp', { body: founder })

  const newPerson: ControlWorld['newPerson'] = async (inviter, role) => {
    count += 1
    const { link } = await inviter.do('createInvitation', { body: { role } })
    const visitor = visit()
    const newcomer = { name: `Person ${count}`, email: `person-${count}@example.org`, password: PASSWORD }
    await visitor.do('acceptInvitation', { body: { token: new URL(String(link)).hash.slice(1), newcomer } })
    const { person } = (await visitor.do('showMe')) as { person: { id: string } }
    return { visitor, id: person.id }
  }

  const owner = await newPerson(system, 'owner')
  const admin = await newPerson(system, 'admin')
  const member = await newPerson(system, 'member')
  const { id: otherOrgId } = await system.do('createOrg', { body: { name: 'Other', slug: OTHER_SLUG } })
  const systemElsewhere = visit()
  const { email, password } = founder
  const signedIn = await systemElsewhere.send('POST', '/control/auth/sign-in/email', { body: { email, password } })
  if (signedIn.status !== 200) throw new Error(`sign-in answered ${signedIn.status}: ${signedIn.text}`)
  await systemElsewhere.do('chooseOrg', { body: { org: OTHER_SLUG } })
  const stranger = await newPerson(systemElsewhere, 'owner')
  return {
    gateway,
    visitors: {
      nobody: visit(),
      member: member.visitor,
      admin: admin.visitor,
      owner: owner.visitor,
      stranger: stranger.visitor,
      system,
    },
    systemElsewhere,
    personIds: {
      member: member.id,
      admin: admin.id,
      owner: owner.id,
      stranger: stranger.id,
      system: String(systemId),
    },
    otherOrgId: String(otherOrgId),
    newPerson,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}
