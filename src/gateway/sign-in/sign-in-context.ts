import type { BetterAuthCookie, GenericEndpointContext } from '@better-auth/core'

/** A request to the library after it was served: `returned` is what it answers, or the error that it throws. */
export type OutcomeContext = GenericEndpointContext & { readonly context: { readonly returned?: unknown } }

/** Where a request to the library holds the client's address. Only `SignIn` sets it. */
export const ADDRESS_HEADER = 'x-punku-client-address'

/** That a request to the library was counted already, for the browser it is of. Only `SignIn` sets it. */
export const COUNTED_HEADER = 'x-punku-counted'

/** The client's address in a request to the library. */
export function addressOf(headers: Headers | null | undefined): string | undefined {
  return headers?.get(ADDRESS_HEADER) ?? undefined
}

/** Who has given their password and has yet to give a code; `undefined`: nobody that the request's cookie names. */
export async function personOfChallenge(context: GenericEndpointContext): Promise<string | undefined> {
  const challenge = await signedCookie(context, context.context.createAuthCookie('two_factor'))
  if (challenge === undefined) return undefined
  return (await context.context.internalAdapter.findVerificationValue(challenge))?.value
}

/** The id and token of the session that the request's cookie names and that still lives. */
export async function sessionOfCookie(context: GenericEndpointContext) {
  const token = await signedCookie(context, context.context.authCookies.sessionToken)
  return token === undefined ? null : await context.context.internalAdapter.findSession(token)
}

async function signedCookie(context: GenericEndpointContext, { name }: BetterAuthCookie): Promise<string | undefined> {
  return (await context.getSignedCookie(name, context.context.secret)) || undefined
}
