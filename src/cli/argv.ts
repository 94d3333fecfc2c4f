import { UsageError } from './exit.ts'

/** A key, or a token of tunnels, invitations or sessions, wherever in a word it stands. */
const OWN_SECRET =
  /(?:^|[^0-9A-Za-z])(?:p[kdtri]_[0-9a-hjkmnp-tv-z]{10}_[0-9a-hjkmnp-tv-z]{52}|pc_[A-Za-z0-9]{32}_[\w-]{43})/
/** A user and perhaps a password before the host. */
const CREDENTIAL_IN_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*@/i

/**
 * Looks through the words of a command line for secrets: they stand in the shell's history, and every user of the machine
 * may list the arguments of processes. No option takes one.
 * @throws UsageError that repeats none of it, and says where a secret may be put.
 */
export function refuseSecrets(args: readonly string[]): void {
  if (args.some((word) => OWN_SECRET.test(word))) {
    throw new UsageError(
      'An argument is a key or a token. It stands in the history of the shell now, and others could list it while this ran: rotate or revoke it. Keys and tunnels are called by name or id; a secret is read from standard input (--token-stdin, --key-stdin) or from a file.',
    )
  }
  if (args.some((word) => CREDENTIAL_IN_URL.test(word.replace(/^--[\w-]+=/, '')))) {
    throw new UsageError(
      'An address must not hold a user or a password: arguments stand in the history of the shell, and others can list them. The key of a model server is read from standard input (--key-stdin) or from a file (--upstream-key-file, keyFile in punku.yaml).',
    )
  }
}
