import { createRoute, z } from '@hono/zod-openapi'
import {
  access,
  body,
  count,
  failure,
  id,
  json,
  next,
  orgRole,
  pageQuery,
  searchText,
  time,
  title,
  version,
} from './parts.ts'

const email = z.email().max(254)
const password = z.string().min(12).max(128).meta({ description: '12 to 128 characters.' })
const token = z.string().min(1).max(200)

const person = z.strictObject({ id: z.string(), name: z.string(), email: z.string() }).openapi('Person')
export type PersonBody = z.output<typeof person>

const org = z
  .strictObject({ id: z.string(), slug: z.string(), name: z.string(), version, createdAt: time })
  .openapi('Org')
export type OrgBody = z.output<typeof org>

const entrance = z
  .strictObject({
    version: z.string().meta({ description: 'The version of Punku.' }),
    needsSetup: z.boolean().meta({ description: 'Nobody has an account yet: the setup link makes the first.' }),
    hasPassword: z.boolean().meta({ description: 'Whether people may sign in with a password.' }),
    hasPasskeys: z.boolean(),
    hasMail: z
      .boolean()
      .meta({ description: 'Whether the gateway can send mail: links to reset a password, invitations.' }),
    issuers: z.array(z.strictObject({ id: z.string(), label: z.string() })).meta({
      description: 'Whoever else may say who somebody is (OIDC).',
    }),
  })
  .openapi('Entrance')
export type EntranceBody = z.output<typeof entrance>

const me = z
  .strictObject({
    person: person.nullable().meta({ description: 'Null: whoever sits at the gateway’s own machine.' }),
    isSystemAdmin: z.boolean(),
    sessionId: z.string().nullable(),
    org: org.nullable().meta({ description: 'The org this session works in; null: the person belongs to none.' }),
    role: orgRole.nullable().meta({ description: 'In that org; null: none, as a system admin may have.' }),
    orgs: z
      .array(z.strictObject({ org, role: orgRole.nullable() }))
      .meta({ description: 'Those it may switch to, oldest first: 100 at most.' }),
    hasMoreOrgs: z.boolean().meta({ description: 'Whether there are more; `listOrgs` has them all.' }),
    hasPassword: z.boolean(),
    hasTwoFactor: z.boolean(),
    publicUrl: z.string().meta({ description: 'Where this gateway is reached, for commands to copy.' }),
  })
  .openapi('Me')
export type MeBody = z.output<typeof me>

const session = z
  .strictObject({
    id: z.string(),
    isThis: z.boolean(),
    createdAt: time,
    lastUsedAt: time,
    expiresAt: time,
    address: z.string().nullable(),
    software: z.string().nullable().meta({ description: 'The browser or program, in its own words.' }),
  })
  .openapi('Session')
export type SessionBody = z.output<typeof session>

const member = z
  .strictObject({ person, role: orgRole, isSystemAdmin: z.boolean(), version, joinedAt: time })
  .openapi('Member')
export type MemberBody = z.output<typeof member>

const invitation = z
  .strictObject({
    id: z.string(),
    email: z.string().nullable().meta({ description: 'Null: for whoever has the link.' }),
    role: orgRole,
    state: z.enum(['open', 'accepted', 'expired', 'revoked']),
    createdAt: time,
    createdBy: z.string(),
    expiresAt: time,
    acceptedBy: z.string().nullable().meta({ description: 'In words; null also when that person is gone.' }),
  })
  .openapi('Invitation')
export type InvitationBody = z.output<typeof invitation>

const issuedInvitation = invitation
  .extend({
    link: z.string().meta({ description: 'To be sent to whom it is for. It is shown this once and kept nowhere.' }),
    wasMailed: z.boolean(),
  })
  .openapi('IssuedInvitation')
export type IssuedInvitationBody = z.output<typeof issuedInvitation>

const account = z
  .strictObject({
    person,
    isSystemAdmin: z.boolean(),
    createdAt: time,
    orgs: z.array(z.strictObject({ org, role: orgRole })),
  })
  .openapi('Account')
export type AccountBody = z.output<typeof account>

const peopleQuery = {
  ...pageQuery,
  q: searchText.optional().meta({ description: 'Those with this in their name or e-mail address.' }),
}
const newcomer = { name: title, email, password }
const memberPath = z.strictObject({ person: id })
const orgPath = z.strictObject({ org: id.meta({ description: 'The id or the slug of an org.' }) })
const nothing = z.strictObject({})

/** The operations on people: how they come in, what they belong to, and who else does. */
export const peopleOperations = {
  showEntrance: createRoute({
    ...access('nobody'),
    method: 'get',
    path: '/control/v1/entrance',
    responses: { 200: json(entrance, 'How people sign in here.'), default: failure },
  }),
  setUp: createRoute({
    ...access('nobody'),
    method: 'post',
    path: '/control/v1/setup',
    request: { body: body(z.strictObject({ token, ...newcomer }).openapi('Setup')) },
    responses: {
      201: json(person, 'The first person: system admin, and owner of the org `default`. The answer signs in.'),
      default: failure,
    },
  }),
  issueSetupLink: createRoute({
    ...access('system'),
    method: 'post',
    path: '/control/v1/setup/link',
    responses: {
      201: json(
        z.strictObject({ link: z.string().meta({ description: 'Makes the first account, once, within a day.' }) }),
        'A link like the one that the first start prints, while nobody has an account.',
      ),
      default: failure,
    },
  }),
  showMe: createRoute({
    ...access('person'),
    method: 'get',
    path: '/control/v1/me',
    responses: { 200: json(me, 'Who is signed in, and where.'), default: failure },
  }),
  chooseOrg: createRoute({
    ...access('person'),
    method: 'put',
    path: '/control/v1/me/org',
    request: { body: body(z.strictObject({ org: id.meta({ description: 'The id or the slug of an org.' }) })) },
    responses: { 200: json(me, 'The session works in that org from now on.'), default: failure },
  }),
  listSessions: createRoute({
    ...access('person'),
    method: 'get',
    path: '/control/v1/me/sessions',
    responses: { 200: json(z.strictObject({ sessions: z.array(session) }), 'Of this person.'), default: failure },
  }),
  endSession: createRoute({
    ...access('person'),
    method: 'delete',
    path: '/control/v1/me/sessions/{session}',
    request: { params: z.strictObject({ session: id }) },
    responses: { 200: json(nothing, 'It has ended.'), default: failure },
  }),
  endOtherSessions: createRoute({
    ...access('person'),
    method: 'delete',
    path: '/control/v1/me/sessions',
    responses: { 200: json(z.strictObject({ ended: count }), 'All but this one.'), default: failure },
  }),

  listOrgs: createRoute({
    ...access('person'),
    method: 'get',
    path: '/control/v1/orgs',
    request: { query: z.strictObject(pageQuery) },
    responses: {
      200: json(z.strictObject({ orgs: z.array(org), next }), 'Those the person may see, oldest first.'),
      default: failure,
    },
  }),
  createOrg: createRoute({
    ...access('system'),
    method: 'post',
    path: '/control/v1/orgs',
    request: {
      body: body(
        z
          .strictObject({
            name: title,
            slug: z
              .string()
              .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/)
              .meta({ description: 'Lower case letters, digits and dashes, 1 to 40.' }),
          })
          .openapi('NewOrg'),
      ),
    },
    responses: { 201: json(org, 'The org; nobody belongs to it yet but whoever made it.'), default: failure },
  }),
  renameOrg: createRoute({
    ...access('owner'),
    method: 'patch',
    path: '/control/v1/org',
    request: { body: body(z.strictObject({ name: title, version })) },
    responses: { 200: json(org, 'The org this session works in, renamed.'), default: failure },
  }),
  removeOrg: createRoute({
    ...access('system'),
    method: 'delete',
    path: '/control/v1/orgs/{org}',
    request: { params: orgPath },
    responses: {
      200: json(nothing, 'It is gone; its keys and tunnels have ended. The org `default` stays.'),
      default: failure,
    },
  }),

  listMembers: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/members',
    request: {
      query: z.strictObject({
        ...peopleQuery,
        role: orgRole.optional().meta({ description: 'Those of this role, or of one that may do more.' }),
      }),
    },
    responses: { 200: json(z.strictObject({ members: z.array(member), next }), 'By name.'), default: failure },
  }),
  showMember: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/members/{person}',
    request: { params: memberPath },
    responses: { 200: json(member, 'The member.'), default: failure },
  }),
  changeMember: createRoute({
    ...access('admin'),
    method: 'patch',
    path: '/control/v1/members/{person}',
    request: { params: memberPath, body: body(z.strictObject({ role: orgRole, version })) },
    responses: {
      200: json(member, 'The member. Only an owner makes or unmakes owners, and one always stays.'),
      default: failure,
    },
  }),
  removeMember: createRoute({
    ...access('admin'),
    method: 'delete',
    path: '/control/v1/members/{person}',
    request: { params: memberPath },
    responses: {
      200: json(nothing, 'No longer a member; the keys of theirs in this org are revoked.'),
      default: failure,
    },
  }),
  leaveOrg: createRoute({
    ...access('member'),
    method: 'post',
    path: '/control/v1/me/leave',
    responses: { 200: json(nothing, 'No longer a member. The last owner cannot leave.'), default: failure },
  }),

  listInvitations: createRoute({
    ...access('admin'),
    method: 'get',
    path: '/control/v1/invitations',
    request: { query: z.strictObject(pageQuery) },
    responses: {
      200: json(z.strictObject({ invitations: z.array(invitation), next }), 'Newest first.'),
      default: failure,
    },
  }),
  createInvitation: createRoute({
    ...access('admin'),
    method: 'post',
    path: '/control/v1/invitations',
    request: {
      body: body(
        z
          .strictObject({
            email: email.optional().meta({ description: 'Default: for whoever has the link.' }),
            role: orgRole.default('member'),
            expiresInMs: z
              .int()
              .min(60_000)
              .max(31_536_000_000)
              .default(604_800_000)
              .meta({ description: 'Milliseconds. Default: 7 days.' }),
          })
          .openapi('NewInvitation'),
      ),
    },
    responses: { 201: json(issuedInvitation, 'With its link. Only an owner invites owners.'), default: failure },
  }),
  revokeInvitation: createRoute({
    ...access('admin'),
    method: 'delete',
    path: '/control/v1/invitations/{invitation}',
    request: { params: z.strictObject({ invitation: id }) },
    responses: {
      200: json(invitation, 'Its link is worth nothing now. One that is not open stays as it is.'),
      default: failure,
    },
  }),
  showInvitation: createRoute({
    ...access('nobody'),
    method: 'post',
    path: '/control/v1/invitation',
    request: { body: body(z.strictObject({ token })) },
    responses: {
      200: json(
        z.strictObject({
          orgName: z.string(),
          role: orgRole,
          invitedBy: z.string(),
          email: z.string().nullable(),
          expiresAt: time,
        }),
        'What the link is for.',
      ),
      default: failure,
    },
  }),
  acceptInvitation: createRoute({
    ...access('nobody'),
    method: 'post',
    path: '/control/v1/invitation/accept',
    request: {
      body: body(
        z
          .strictObject({
            token,
            newcomer: z.strictObject(newcomer).optional().meta({
              description: 'A new account. Left out by whoever is signed in: then that person joins.',
            }),
          })
          .openapi('Acceptance'),
      ),
    },
    responses: { 200: json(org, 'The org that was joined. For a newcomer the answer signs in.'), default: failure },
  }),

  listAccounts: createRoute({
    ...access('system'),
    method: 'get',
    path: '/control/v1/accounts',
    request: { query: z.strictObject(peopleQuery) },
    responses: {
      200: json(z.strictObject({ accounts: z.array(account), next }), 'Everyone, by name.'),
      default: failure,
    },
  }),
  changeAccount: createRoute({
    ...access('system'),
    method: 'patch',
    path: '/control/v1/accounts/{person}',
    request: { params: memberPath, body: body(z.strictObject({ isSystemAdmin: z.boolean() })) },
    responses: { 200: json(account, 'The account. One system admin always stays.'), default: failure },
  }),
  removeAccount: createRoute({
    ...access('system'),
    method: 'delete',
    path: '/control/v1/accounts/{person}',
    request: { params: memberPath },
    responses: { 200: json(nothing, 'The person is gone everywhere, and their keys are revoked.'), default: failure },
  }),
  resetAccount: createRoute({
    ...access('system'),
    method: 'post',
    path: '/control/v1/accounts/{person}/reset',
    request: { params: memberPath },
    responses: {
      200: json(
        z.strictObject({
          link: z.string().meta({ description: 'Sets a new password, once, within an hour.' }),
          expiresAt: time,
        }),
        'All sessions of the person have ended; password and second factor are gone. Passkeys stay.',
      ),
      default: failure,
    },
  }),
}
