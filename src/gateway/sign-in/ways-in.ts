import type { GenericEndpointContext } from '@better-auth/core'
import { APIError } from 'better-auth/api'
import type { SignInSettings } from './sign-in-settings.ts'

interface KeptWay {
  readonly id: string
}

/**
 * Refuses a request that would take from a person the last way in that works here: a password where passwords are off, or
 * an issuer that is configured no more, is none. Of several at once one is carried out: what was read has to stand.
 */
export async function requireOtherWay(
  { body, context }: GenericEndpointContext,
  personId: string,
  { password, issuers }: Pick<SignInSettings, 'password' | 'issuers'>,
): Promise<void> {
  const accounts = await context.internalAdapter.findAccounts(personId)
  const passkeys = await context.adapter.findMany<KeptWay>({
    model: 'passkey',
    where: [{ field: 'userId', value: personId }],
  })
  const works = accounts.filter((account) =>
    account.providerId === 'credential'
      ? password && typeof account.password === 'string'
      : issuers.some(({ id }) => id === account.providerId),
  )
  const ways: readonly KeptWay[] = [...works, ...passkeys]
  const leaving: unknown = body.accountId ?? body.id
  if (ways.some(({ id }) => id === leaving) && ways.length === 1) {
    throw new APIError('BAD_REQUEST', { code: 'LAST_WAY_IN' })
  }
}
