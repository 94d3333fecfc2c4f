// Written by `npm run docs` from the schemas of src/contract and src/config.
/** A part of `GatewayConfig`. */
export interface AuthConfig {
  /**
   * Whether people may sign in with a password. Off: by passkeys and issuers only; whoever has neither is locked out.
   * Default: true.
   */
  readonly password?: boolean | undefined
  /**
   * How long a sign-in lasts that is not used; each use begins it anew. Longer gives whoever finds an open browser more
   * time. Default: "7d".
   */
  readonly sessionLife?: string | undefined
  /** Whoever else may say who somebody is, by OpenID Connect: an identity provider of yours. */
  readonly issuers?:
    | {
        /**
         * A name of your own for it. It is in the redirect URI that the issuer asks for,
         * `<publicUrl>/control/auth/callback/<id>`, and with each account: another issuer needs another, or its people are
         * taken for those of the first.
         */
        readonly id: string
        /** What people read on the button that leads there. */
        readonly label: string
        /**
         * Its URL, letter for letter as it names itself at `/.well-known/openid-configuration`. One that differs by a slash
         * is another issuer, and refused.
         */
        readonly issuer: string
        /** What the issuer calls this gateway. ID tokens for any other client are refused. */
        readonly clientId: string
        /**
         * File with what the issuer gave this gateway to prove itself. Not set: a public client, which PKCE alone holds. A
         * relative path starts at the folder of the configuration file. A warning is logged when other users can read it.
         */
        readonly clientSecretFile?: string | undefined
        /**
         * What it is asked for besides `openid`. Without `email` nobody new can come in. More than is needed tells the
         * gateway more than it should know.
         */
        readonly scopes?: string[] | undefined
        /**
         * Whether somebody with a verified address at the issuer is taken for the person who has an account with that
         * address here, if it was verified here too. Whoever runs the issuer can then be anybody. Off: people link it
         * themselves, when they are signed in. Default: false.
         */
        readonly linksAccounts?: boolean | undefined
        /** Who gets an account without an invitation. Not set: nobody. */
        readonly admits?:
          | {
              /**
               * Whoever has an address there that the issuer has verified gets an account by signing in. A domain where anybody
               * can get an address lets anybody in.
               */
              readonly domains: string[]
              /** The id or the slug of the org they join. One that is not there leaves them in none. Default: "default". */
              readonly org?: string | undefined
              /** What they are in it. Admins manage keys, upstreams, tunnels and members. Default: "member". */
              readonly role?: 'member' | 'admin' | undefined
            }
          | undefined
      }[]
    | undefined
}
