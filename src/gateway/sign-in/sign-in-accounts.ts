import { PunkuError } from '../../core/error.ts'
import { randomId } from '../../core/id.ts'
import type { Newcomer, PreparedAccount } from '../orgs/session-keeper.ts'
import type { SessionBook } from './session-book.ts'
import { PASSWORD_LENGTH } from './sign-in-endpoints.ts'
import { type Library, RESET_LINK_S } from './sign-in-library.ts'

const PERSON_ID_LENGTH = 32
/** 260 random bits. */
const TOKEN_LENGTH = 52

/**
 * The accounts of people: what they can sign in with. What they may do is not its concern. What changes one runs within a
 * change.
 */
export class SignInAccounts {
  readonly #library: Library
  readonly #sessions: SessionBook

  constructor(library: Library, sessions: SessionBook) {
    this.#library = library
    this.#sessions = sessions
  }

  /** Hashes the password. Throws `invalid_request` for one too short or too long. */
  async prepare({ name, email, password }: Newcomer): Promise<PreparedAccount> {
    const { min, max } = PASSWORD_LENGTH
    if (password.length < min || password.length > max) {
      throw new PunkuError('invalid_request', `The password has to have ${min} to ${max} characters.`, {
        param: 'password',
      })
    }
    const passwordHash = await (await this.#library.$context).password.hash(password)
    return { id: randomId(PERSON_ID_LENGTH), name, email: email.toLowerCase(), passwordHash }
  }

  /** Throws `already_exists` when one has the e-mail address. */
  async insert({ id, name, email, passwordHash }: PreparedAccount, isEmailVerified: boolean): Promise<void> {
    const { adapter, internalAdapter } = await this.#library.$context
    if ((await internalAdapter.findUserByEmail(email)) !== null) {
      throw new PunkuError(
        'already_exists',
        'Somebody has an account with this e-mail address already. Sign in with it.',
        { param: 'email' },
      )
    }
    const now = new Date()
    const data = { id, name, email, emailVerified: isEmailVerified, createdAt: now, updatedAt: now }
    await adapter.create({ model: 'user', data, forceAllowId: true })
    const account = { userId: id, providerId: 'credential', accountId: id, password: passwordHash }
    await internalAdapter.createAccount(account)
  }

  async remove(personId: string): Promise<void> {
    await this.#sessions.forgetPending(personId)
    await (await this.#library.$context).internalAdapter.deleteUser(personId)
  }

  /**
   * Ends whatever the person could sign in with by themselves: sessions, password and second factor. Passkeys and issuers
   * stay. What it gives sets a new password, once.
   */
  async reset(personId: string): Promise<{ readonly token: string; readonly expiresAt: number }> {
    const { adapter, internalAdapter } = await this.#library.$context
    // The password goes with the second factor: without it, it would be enough.
    const account = await internalAdapter.findCredentialAccount(personId)
    if (account !== null) await internalAdapter.updateAccount(account.id, { password: null })
    await adapter.deleteMany({ model: 'twoFactor', where: [{ field: 'userId', value: personId }] })
    await internalAdapter.updateUser(personId, { twoFactorEnabled: false })
    await this.#sessions.end(personId, () => true)
    await this.#sessions.forgetPending(personId)
    return await this.issueResetToken(personId)
  }

  /** A token by which the person sets a new password, once, within an hour. Nothing else changes before that. */
  async issueResetToken(personId: string): Promise<{ readonly token: string; readonly expiresAt: number }> {
    const { internalAdapter } = await this.#library.$context
    const token = randomId(TOKEN_LENGTH)
    const expiresAt = Date.now() + RESET_LINK_S * 1_000
    await internalAdapter.createVerificationValue({
      identifier: `reset-password:${token}`,
      value: personId,
      expiresAt: new Date(expiresAt),
    })
    return { token, expiresAt }
  }

  /** The person who signs in with that address. */
  async findByEmail(email: string): Promise<{ readonly id: string; readonly name: string } | undefined> {
    const found = await (await this.#library.$context).internalAdapter.findUserByEmail(email)
    return found?.user
  }

  async hasPassword(personId: string): Promise<boolean> {
    const account = await (await this.#library.$context).internalAdapter.findCredentialAccount(personId)
    return typeof account?.password === 'string'
  }

  async hasTwoFactor(personId: string): Promise<boolean> {
    const person = await (await this.#library.$context).internalAdapter.findUserById(personId)
    return person !== null && 'twoFactorEnabled' in person && person.twoFactorEnabled === true
  }
}
