import type { OperationName } from '../../src/contract/operations.ts'
import type { ControlWorld, RoleName } from '../support/control-world.ts'
import type { Asking, Visitor } from '../support/visitor.ts'

/** One try of an operation: what it is asked with, and who asks where that is not simply the role's own visitor. */
export interface Try extends Asking {
  readonly as?: Visitor
}

export interface Sample {
  /** Something that whoever may call the operation gets done: on things of the org `default`, made for this try. */
  readonly own: (world: ControlWorld, role: RoleName) => Try | Promise<Try>
  /** The same on a thing of the other org, or on nothing of that org's: it must look as if it did not exist. */
  readonly foreign?: (world: ControlWorld) => Try | Promise<Try>
  /** What succeeds with another status than the contract's first one does so for a reason. */
  readonly status?: number
}

const NOTHING: Try = {}
let count = 0

function fresh(prefix: string): string {
  count += 1
  return `${prefix}-${count}`
}

/** A key of the role's own where it is a member's, else the org's. */
async function keyFor({ visitors }: ControlWorld, role: RoleName): Promise<string> {
  const maker = role === 'member' ? visitors.member : visitors.owner
  return String((await maker.do('createKey', { body: { name: fresh('key') } }))['id'])
}

async function foreignKey({ visitors }: ControlWorld): Promise<string> {
  return String((await visitors.stranger.do('createKey', { body: { name: fresh('key') } }))['id'])
}

async function tunnelOf(maker: Visitor): Promise<string> {
  const { id } = await maker.do('createTunnel', { body: { label: fresh('tunnel') } })
  return String(id)
}

async function upstreamOf(maker: Visitor): Promise<string> {
  const url = `http://127.0.0.1:9/${fresh('u')}`
  return String((await maker.do('createUpstream', { body: { label: fresh('upstream'), url, kind: 'ollama' } }))['id'])
}

async function ruleOf(maker: Visitor): Promise<string> {
  const { match } = await maker.do('putModelRule', { body: { match: fresh('model'), translate: 'off' } })
  return String(match)
}

async function aliasOf(maker: Visitor): Promise<string> {
  return String((await maker.do('putModelAlias', { body: { name: fresh('alias'), model: 'tiny' } }))['name'])
}

async function pairingCode({ gateway }: ControlWorld): Promise<string> {
  const { userCode } = await gateway.parts.state.pairings.start({
    label: fresh('machine'),
    address: `192.0.2.${count % 250}`,
  })
  return userCode
}

async function invitationOf(maker: Visitor): Promise<{ id: string; token: string }> {
  const { id, link } = await maker.do('createInvitation', { body: {} })
  return { id: String(id), token: new URL(String(link)).hash.slice(1) }
}

/** The sessions of roles to which the requests of `default` do not belong, or not all. */
const SESSION_OF: { readonly [Role in RoleName]?: string } = { member: 'member', stranger: 'other' }

/** Of each operation something that works, and what must not. A test holds the names to the contract's. */
export const SAMPLES: Readonly<Record<OperationName, Sample>> = {
  showEntrance: { own: () => NOTHING },
  setUp: {
    own: () => ({ body: { token: 'x'.repeat(52), name: 'A', email: 'a@example.org', password: 'x'.repeat(12) } }),
    // Somebody is there already.
    status: 409,
  },
  // As with setting up.
  issueSetupLink: { own: () => NOTHING, status: 409 },
  showMe: { own: () => NOTHING },
  chooseOrg: {
    own: ({ otherOrgId }, role) => ({ body: { org: role === 'stranger' ? otherOrgId : 'default' } }),
  },
  listSessions: { own: () => NOTHING },
  endSession: {
    own: async (world, role) => {
      // Of a person of its own: the session that ends is the one that asks.
      const inviter = role === 'stranger' ? world.visitors.stranger : world.visitors.owner
      const { visitor } = await world.newPerson(inviter, 'member')
      return { as: visitor, params: { session: String((await visitor.do('showMe'))['sessionId']) } }
    },
    foreign: async ({ visitors }) => ({
      params: { session: String((await visitors.stranger.do('showMe'))['sessionId']) },
    }),
  },
  endOtherSessions: {
    own: async (world) => ({ as: (await world.newPerson(world.visitors.owner, 'member')).visitor }),
  },
  leaveOrg: {
    own: async (world, role) => {
      if (role === 'stranger') return { as: (await world.newPerson(world.visitors.stranger, 'member')).visitor }
      return { as: (await world.newPerson(world.visitors.owner, 'member')).visitor }
    },
  },
  listOrgs: { own: () => NOTHING },
  createOrg: { own: () => ({ body: { name: 'New', slug: fresh('org') } }) },
  renameOrg: {
    own: async ({ visitors }, role) => {
      const { org } = (await visitors[role === 'nobody' ? 'owner' : role].do('showMe')) as { org: { version: number } }
      return { body: { name: 'Renamed', version: org.version } }
    },
  },
  removeOrg: {
    own: async ({ visitors }) => {
      const { id } = await visitors.system.do('createOrg', { body: { name: 'Gone soon', slug: fresh('org') } })
      return { params: { org: String(id) } }
    },
  },
  listMembers: { own: () => NOTHING },
  showMember: {
    own: async (world, role) => {
      const inviter = role === 'stranger' ? world.visitors.stranger : world.visitors.owner
      return { params: { person: (await world.newPerson(inviter, 'member')).id } }
    },
    foreign: ({ personIds }) => ({ params: { person: personIds.stranger } }),
  },
  changeMember: {
    own: async (world, role) => {
      const inviter = role === 'stranger' ? world.visitors.stranger : world.visitors.owner
      const { id } = await world.newPerson(inviter, 'member')
      return { params: { person: id }, body: { role: 'admin', version: 1 } }
    },
    foreign: ({ personIds }) => ({ params: { person: personIds.stranger }, body: { role: 'member', version: 1 } }),
  },
  removeMember: {
    own: async (world, role) => {
      const inviter = role === 'stranger' ? world.visitors.stranger : world.visitors.owner
      return { params: { person: (await world.newPerson(inviter, 'member')).id } }
    },
    foreign: ({ personIds }) => ({ params: { person: personIds.stranger } }),
  },
  listInvitations: { own: () => NOTHING },
  createInvitation: { own: () => ({ body: { role: 'member' } }) },
  revokeInvitation: {
    own: async ({ visitors }, role) => {
      const { id } = await invitationOf(role === 'stranger' ? visitors.stranger : visitors.owner)
      return { params: { invitation: id } }
    },
    foreign: async ({ visitors }) => ({ params: { invitation: (await invitationOf(visitors.stranger)).id } }),
  },
  showInvitation: {
    own: async ({ visitors }) => ({ body: { token: (await invitationOf(visitors.owner)).token } }),
  },
  acceptInvitation: {
    own: async (world, role) => {
      const { token } = await invitationOf(world.visitors.owner)
      const newcomer = { name: 'New', email: `${fresh('new')}@example.org`, password: 'correct horse battery' }
      if (role === 'nobody') return { body: { token, newcomer } }
      // Whoever is a member already cannot join again: somebody of the other org does.
      return { as: (await world.newPerson(world.systemElsewhere, 'member')).visitor, body: { token } }
    },
  },
  listAccounts: { own: () => NOTHING },
  changeAccount: {
    own: async (world) => ({
      params: { person: (await world.newPerson(world.visitors.owner, 'member')).id },
      body: { isSystemAdmin: false },
    }),
  },
  removeAccount: {
    own: async (world) => ({ params: { person: (await world.newPerson(world.visitors.owner, 'member')).id } }),
  },
  resetAccount: {
    own: async (world) => ({ params: { person: (await world.newPerson(world.visitors.owner, 'member')).id } }),
  },
  listKeys: { own: () => NOTHING },
  createKey: { own: () => ({ body: { name: fresh('key') } }) },
  showKey: {
    own: async (world, role) => ({
      params: { key: role === 'stranger' ? await foreignKey(world) : await keyFor(world, role) },
    }),
    foreign: async (world) => ({ params: { key: await foreignKey(world) } }),
  },
  changeKey: {
    own: async (world, role) => ({
      params: { key: role === 'stranger' ? await foreignKey(world) : await keyFor(world, role) },
      body: { version: 1, name: fresh('renamed') },
    }),
    foreign: async (world) => ({ params: { key: await foreignKey(world) }, body: { version: 1, name: fresh('x') } }),
  },
  rotateKey: {
    own: async (world, role) => ({
      params: { key: role === 'stranger' ? await foreignKey(world) : await keyFor(world, role) },
      body: { graceMs: 0 },
    }),
    foreign: async (world) => ({ params: { key: await foreignKey(world) }, body: { graceMs: 0 } }),
  },
  revokeKey: {
    own: async (world, role) => ({
      params: { key: role === 'stranger' ? await foreignKey(world) : await keyFor(world, role) },
    }),
    foreign: async (world) => ({ params: { key: await foreignKey(world) } }),
  },
  createPlaygroundKey: { own: () => ({ body: {} }) },
  listUpstreams: { own: () => NOTHING },
  showUpstream: {
    own: async ({ visitors, systemElsewhere }, role) => ({
      params: { upstream: await upstreamOf(role === 'stranger' ? systemElsewhere : visitors.system) },
    }),
    foreign: async ({ systemElsewhere }) => ({ params: { upstream: await upstreamOf(systemElsewhere) } }),
  },
  createUpstream: {
    own: () => ({ body: { label: fresh('upstream'), url: `http://127.0.0.1:9/${fresh('u')}`, kind: 'ollama' } }),
  },
  changeUpstream: {
    own: async ({ visitors }) => ({
      params: { upstream: await upstreamOf(visitors.system) },
      body: { version: 1, label: fresh('renamed') },
    }),
    foreign: async ({ systemElsewhere }) => ({
      params: { upstream: await upstreamOf(systemElsewhere) },
      body: { version: 1, label: fresh('renamed') },
    }),
  },
  removeUpstream: {
    own: async ({ visitors }) => ({ params: { upstream: await upstreamOf(visitors.system) } }),
    foreign: async ({ systemElsewhere }) => ({ params: { upstream: await upstreamOf(systemElsewhere) } }),
  },
  discoverModels: {
    own: async ({ visitors, systemElsewhere }, role) => ({
      params: { upstream: await upstreamOf(role === 'stranger' ? systemElsewhere : visitors.system) },
    }),
    foreign: async ({ systemElsewhere }) => ({ params: { upstream: await upstreamOf(systemElsewhere) } }),
  },
  listModels: { own: () => NOTHING },
  listModelRules: { own: () => NOTHING },
  putModelRule: { own: () => ({ body: { match: fresh('model'), defaults: { num_ctx: 1_024 } } }) },
  removeModelRule: {
    own: async ({ visitors }, role) => ({
      query: { match: await ruleOf(role === 'stranger' ? visitors.stranger : visitors.owner) },
    }),
    foreign: async ({ visitors }) => ({ query: { match: await ruleOf(visitors.stranger) } }),
  },
  listModelAliases: { own: () => NOTHING },
  putModelAlias: { own: () => ({ body: { name: fresh('alias'), model: 'tiny' } }) },
  removeModelAlias: {
    own: async ({ visitors }, role) => ({
      query: { name: await aliasOf(role === 'stranger' ? visitors.stranger : visitors.owner) },
    }),
    foreign: async ({ visitors }) => ({ query: { name: await aliasOf(visitors.stranger) } }),
  },
  listTunnels: { own: () => NOTHING },
  createTunnel: { own: () => ({ body: { label: fresh('tunnel') } }) },
  showTunnel: {
    own: async ({ visitors }, role) => ({
      params: { tunnel: await tunnelOf(role === 'stranger' ? visitors.stranger : visitors.owner) },
    }),
    foreign: async ({ visitors }) => ({ params: { tunnel: await tunnelOf(visitors.stranger) } }),
  },
  renameTunnel: {
    own: async ({ visitors }, role) => ({
      params: { tunnel: await tunnelOf(role === 'stranger' ? visitors.stranger : visitors.owner) },
      body: { label: fresh('renamed') },
    }),
    foreign: async ({ visitors }) => ({
      params: { tunnel: await tunnelOf(visitors.stranger) },
      body: { label: fresh('renamed') },
    }),
  },
  rotateTunnel: {
    own: async ({ visitors }, role) => ({
      params: { tunnel: await tunnelOf(role === 'stranger' ? visitors.stranger : visitors.owner) },
    }),
    foreign: async ({ visitors }) => ({ params: { tunnel: await tunnelOf(visitors.stranger) } }),
  },
  revokeTunnel: {
    own: async ({ visitors }, role) => ({
      params: { tunnel: await tunnelOf(role === 'stranger' ? visitors.stranger : visitors.owner) },
    }),
    foreign: async ({ visitors }) => ({ params: { tunnel: await tunnelOf(visitors.stranger) } }),
  },
  // A code belongs to no org before it is confirmed: an admin of any may confirm it, and nobody else.
  showPairing: { own: async (world) => ({ params: { code: await pairingCode(world) } }) },
  approvePairing: { own: async (world) => ({ params: { code: await pairingCode(world) }, body: {} }) },
  denyPairing: { own: async (world) => ({ params: { code: await pairingCode(world) } }) },
  listRequests: { own: () => NOTHING, foreign: async (world) => ({ query: { key: await foreignKey(world) } }) },
  showRequest: {
    own: ({ gateway }, role) => ({ params: { request: requestIdOf(gateway.home, role) } }),
    foreign: ({ gateway }) => ({ params: { request: requestIdOf(gateway.home, 'stranger') } }),
  },
  listLiveRequests: { own: () => NOTHING },
  exportRequests: { own: () => NOTHING },
  usage: { own: () => NOTHING, foreign: async (world) => ({ query: { key: await foreignKey(world) } }) },
  exportUsage: { own: () => NOTHING },
  listToolSessions: { own: () => NOTHING, foreign: async (world) => ({ query: { key: await foreignKey(world) } }) },
  // The requests of this world each have their session, named as whose keys made them.
  showToolSession: {
    own: (_world, role) => ({ params: { session: SESSION_OF[role] ?? 'default' } }),
    foreign: () => ({ params: { session: 'other' } }),
  },
  listAudit: { own: () => NOTHING },
  exportAudit: { own: () => NOTHING },
  verifyChains: { own: () => NOTHING },
  status: { own: () => NOTHING },
  showHealth: { own: () => NOTHING },
  // Its answer does not end: the test reads the head and leaves.
  listenToEvents: { own: () => NOTHING },
  showSettings: { own: () => NOTHING },
  changeSettings: {
    own: async ({ visitors }, role) => ({
      body: await visitors[role === 'nobody' ? 'owner' : role].do('showSettings'),
    }),
  },
}

/** The ids of requests that were made with keys of each org, by the gateway's folder. */
const requestIds = new Map<string, Readonly<Record<'default' | 'member' | 'other', string>>>()

/** Notes which rows belong to whom. */
export function noteRequests(home: string, ids: Readonly<Record<'default' | 'member' | 'other', string>>): void {
  requestIds.set(home, ids)
}

function requestIdOf(home: string, role: RoleName): string {
  const ids = requestIds.get(home)
  if (ids === undefined) throw new Error('the requests of this world were not noted')
  if (role === 'stranger') return ids.other
  return role === 'member' ? ids.member : ids.default
}
