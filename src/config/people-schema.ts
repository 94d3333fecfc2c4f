import { z } from 'zod'
import { duration, hostName, issuerUrl, mailAddress, mailUrl } from './option-types.ts'

const FILE_RULE = 'A relative path starts at the folder of the configuration file.'
const ID = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/

const admits = z
  .strictObject({
    domains: z
      .array(hostName())
      .min(1)
      .meta({
        description:
          'Whoever has an address there that the issuer has verified gets an account by signing in. A domain where anybody can get an address lets anybody in.',
        examples: [['example.org']],
      }),
    org: z.string().min(1).default('default').meta({
      description: 'The id or the slug of the org they join. One that is not there leaves them in none.',
    }),
    role: z.enum(['member', 'admin']).default('member').meta({
      description: 'What they are in it. Admins manage keys, upstreams, tunnels and members.',
    }),
  })
  .optional()
  .meta({ description: 'Who gets an account without an invitation. Not set: nobody.' })

const issuer = z.strictObject({
  id: z
    .string()
    .regex(ID, 'must be 1 to 40 lower case letters, digits and dashes')
    // What the accounts of passwords are called.
    .refine((id) => id !== 'credential', 'is taken: choose another')
    .meta({
      description:
        'A name of your own for it. It is in the redirect URI that the issuer asks for, `<publicUrl>/control/auth/callback/<id>`, and with each account: another issuer needs another, or its people are taken for those of the first.',
      examples: ['work'],
    }),
  label: z.string().min(1).max(40).meta({ description: 'What people read on the button that leads there.' }),
  issuer: issuerUrl().meta({
    description:
      'Its URL, letter for letter as it names itself at `/.well-known/openid-configuration`. One that differs by a slash is another issuer, and refused.',
    examples: ['https://accounts.google.com'],
  }),
  clientId: z.string().min(1).max(512).meta({
    description: 'What the issuer calls this gateway. ID tokens for any other client are refused.',
  }),
  clientSecretFile: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: `File with what the issuer gave this gateway to prove itself. Not set: a public client, which PKCE alone holds. ${FILE_RULE} A warning is logged when other users can read it.`,
      examples: ['secrets/oidc.key'],
    }),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be one scope'))
    .default(['email', 'profile'])
    .meta({
      description:
        'What it is asked for besides `openid`. Without `email` nobody new can come in. More than is needed tells the gateway more than it should know.',
    }),
  linksAccounts: z.boolean().default(false).meta({
    description:
      'Whether somebody with a verified address at the issuer is taken for the person who has an account with that address here, if it was verified here too. Whoever runs the issuer can then be anybody. Off: people link it themselves, when they are signed in.',
  }),
  admits,
})

/** How people sign in. */
export const auth = z
  .strictObject({
    password: z.boolean().default(true).meta({
      description:
        'Whether people may sign in with a password. Off: by passkeys and issuers only; whoever has neither is locked out.',
    }),
    sessionLife: duration({ min: '10m', max: '90d' }).prefault('7d').meta({
      description:
        'How long a sign-in lasts that is not used; each use begins it anew. Longer gives whoever finds an open browser more time.',
    }),
    issuers: z
      .array(issuer)
      .prefault([])
      .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'must not have the same id twice')
      .meta({ description: 'Whoever else may say who somebody is, by OpenID Connect: an identity provider of yours.' }),
  })
  .transform(({ sessionLife, ...auth }) => ({ ...auth, sessionLifeMs: sessionLife }))
  .prefault({})
  .meta({
    description: 'How people sign in to the dashboard and the control API. Keys of the model APIs are not concerned.',
  })

/** How the gateway sends mail. */
export const mail = z
  .strictObject({
    url: mailUrl()
      .optional()
      .meta({
        description:
          'The SMTP server: `smtp://host:587` (TLS is asked for, and needed for servers elsewhere) or `smtps://host`. Not set: no mail is sent, and links are copied by hand. Needs `gateway.publicUrl`: a link must not lead where a stranger says that the gateway is.',
        examples: ['smtp://mail.example.org:587'],
      }),
    urlFile: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: `File that holds the URL, for one with a password in it. Not together with \`mail.url\`. ${FILE_RULE} A warning is logged when other users can read it.`,
        examples: ['/run/secrets/mail-url'],
      }),
    from: mailAddress()
      .optional()
      .meta({
        description: 'Whom mails come from. Needed with a server; one that it may not send for ends in spam.',
        examples: ['Punku <punku@example.org>'],
      }),
  })
  .prefault({})
  .meta({ description: 'Mail with invitations, and links for a new password.' })
