import { PunkuError } from '../core/error.ts'
import { randomId } from '../core/id.ts'
import type { SessionBook } from './session-book.ts'
import type { Newcomer } from './session-keeper.ts'
import { PASSWORD_LENGTH } from './sign-in-endpoints.ts'
import { type Library, RESET_LINK_S } from './sign-in-library.ts'

/** 260 random bits. */
const TOKEN_LENGTH = 52

/** The accounts of people: what they can sign in with. What they may do is not its concern. */
export class SignInAccounts {
  readonly #library: Library
  readonly #sessions: SessionBook

  constructor(library: Library, sessions: SessionBook) {
    this.#library = library
    this.#sessions = sessions
  }

  /** Throws `already_exists` when one has the e-mail address, and `invalid_request` for a password too short or too long. */
  async create({ name, email, password }: Newcomer, isEmailVerified: boolean): Promise<{ readonly id: string }> {
    const { adapter, internalAdapter, password: hasher } = await this.#library.$context
    if (password.length < PASSWORD_LENGTH.min || password.length > PASSWORD_LENGTH.max) {
      const { min, max } = PASSWORD_LENGTH
      throw new PunkuError('invalid_request', `The password has to have ${min} to ${max} characters.`, {
        param: 'password',
      })
    }
    const hash = await hasher.hash(password)
    const address = email.toLowerCase()
    if ((await internalAdapter.findUserByEmail(address)) !== null) throw alreadyExists()
    const now = new Date()
    const times = { createdAt: now, updatedAt: now }
    const data = { name, email: address, emailVerified: isEmailVerified, ...times }
    const person = await adapter
      .create<Record<string, unknown>, { id: string }>({ model: 'user', data })
      .catch(async (cause: unknown) => {
        // Of two at once the second fails here.
        throw (await internalAdapter.findUserByEmail(address)) === null ? cause : alreadyExists(cause)
      })
    await this.#addPassword(person.id, hash)
    return { id: person.id }
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

  async #addPassword(personId: string, hash: string): Promise<void> {
    const { internalAdapter } = await this.#library.$context
    const account = { userId: personId, providerId: 'credential', accountId: personId, password: hash }
    try {
      await internalAdapter.createAccount(account)
    } catch (error) {
      await internalAdapter.deleteUser(personId)
      throw error
    }
  }
}

function alreadyExists(cause?: unknown): PunkuError {
  return new PunkuError(
    'already_exists',
    'Somebody has an account with this e-mail address already. Sign in with it.',
    {
      param: 'email',
      cause,
    },
  )
}
