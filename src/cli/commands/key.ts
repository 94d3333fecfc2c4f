import type { Command } from 'commander'
import { contextOf } from '../command-context.ts'

/** `punku key print`: gives this machine's key to programs that ask a command for one. */
export function defineKey(key: Command): void {
  key
    .command('print')
    .description('Print the key of a profile and nothing else, for tools that get their key from a command.')
    .option('--profile <name>', 'the profile (default: the one that was used last)')
    .action(async ({ profile }: { profile?: string }, command: Command) => {
      const { home } = contextOf(command)
      const { profileKeyText } = await import('../../client/profiles/profile-key.ts')
      const text = profileKeyText(home, profile?.toLowerCase()) ?? (await keyByTheBook(home, profile))
      process.stdout.write(`${text}\n`)
    })
}

/** Says what is wrong where there is no key. */
async function keyByTheBook(home: string, profile: string | undefined): Promise<string> {
  const { chooseClientProfile } = await import('../../client/profiles/client-profile.ts')
  return chooseClientProfile(home, profile).key.reveal()
}
