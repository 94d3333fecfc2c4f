import { createHash } from 'node:crypto'
import type { PasswordHasher } from '../../src/gateway/sign-in/sign-in-library.ts'

const digest = (password: string) => createHash('sha256').update(password).digest('hex')

/** Hashes passwords a thousand times quicker than what is used in earnest, where their hash is not the point. */
export const quickHasher: PasswordHasher = {
  hash: async (password) => digest(password),
  verify: async ({ hash, password }) => hash === digest(password),
}
