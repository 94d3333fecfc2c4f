import { Visitor } from '../../test/support/visitor.ts'
import type { House } from './house.ts'

const PASSWORD = 'a bridge of long words'

/** People who are signed in at the gateway of a house: one who runs it, and members of its org. */
export interface SignedInPeople {
  readonly members: readonly { readonly email: string; readonly visitor: Visitor }[]
}

/** Makes the first account by the setup link, and one for each name by an invitation. */
export async function signInPeople(house: House, names: readonly string[]): Promise<SignedInPeople> {
  const url = `http://127.0.0.1:${house.target.port}`
  const tokenOf = async (...command: readonly string[]) => {
    const { output } = await house.punku(...command, '--json')
    return new URL((JSON.parse(output) as { link: string }).link).hash.slice(1)
  }
  const founder = { name: 'Ada', email: 'ada@example.org', password: PASSWORD }
  await new Visitor(url).do('setUp', { body: { token: await tokenOf('people', 'setup'), ...founder } })
  const members = []
  for (const name of names) {
    const visitor = new Visitor(url)
    const newcomer = { name, email: `${name}@example.org`, password: PASSWORD }
    await visitor.do('acceptInvitation', { body: { token: await tokenOf('people', 'invite'), newcomer } })
    members.push({ email: newcomer.email, visitor })
  }
  return { members }
}
