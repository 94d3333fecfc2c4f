import { isAPIError } from 'better-auth/api'
import type { EndedSessions } from './ended-sessions.ts'
import type { Library } from './sign-in-library.ts'
import { type SignedIn, signedIn } from './signed-in.ts'

export interface CookieSessionsOptions {
  /** The library as it is set up where a request has come. */
  readonly libraryFor: (headers: Headers) => Library
  readonly ended: EndedSessions
}

/** The sessions of browsers, by the cookies of their requests. */
export class CookieSessions {
  readonly #options: CookieSessionsOptions

  constructor(options: CookieSessionsOptions) {
    this.#options = options
  }

  /**
   * The session of a request; `undefined`: none that is good. Its use is written, where it can be, and it lives on.
   * @param options.isLookedAtOnly it does not live on
   */
  async find(
    headers: Headers,
    { isLookedAtOnly }: { readonly isLookedAtOnly: boolean },
  ): Promise<SignedIn | undefined> {
    const cookie = headers.get('cookie')
    if (cookie === null) return undefined
    const { libraryFor, ended } = this.#options
    const { api } = libraryFor(headers)
    const look = (disableRefresh: boolean) =>
      api.getSession({ headers: new Headers({ cookie }), query: { disableRefresh }, returnHeaders: true })
    try {
      // Where its use cannot be written it is good all the same.
      const answer = await look(isLookedAtOnly).catch((error: unknown) => {
        if (isLookedAtOnly || isRefusal(error)) throw error
        return look(true)
      })
      if (answer.response === null) return undefined
      const found = signedIn(answer.response, { viaBearer: false, setCookies: answer.headers.getSetCookie() })
      return ended.includes(found) ? undefined : found
    } catch (error) {
      // It was ended meanwhile.
      if (isRefusal(error)) return undefined
      throw error
    }
  }

  /** The cookies of a request, without that of a session that has ended here: the library goes by the database alone. */
  async passedOn(headers: Headers): Promise<string | null> {
    const cookies = headers.get('cookie')
    const { libraryFor, ended } = this.#options
    if (cookies === null || ended.isEmpty) return cookies
    if ((await this.find(headers, { isLookedAtOnly: true })) !== undefined) return cookies
    const { authCookies } = await libraryFor(headers).$context
    const isOfSession = (cookie: string) => cookie.startsWith(`${authCookies.sessionToken.name}=`)
    const others = cookies.split(/; */).filter((cookie) => !isOfSession(cookie))
    return others.join('; ')
  }

  /** The `set-cookie` headers by which a browser forgets its session. */
  async forget(headers: Headers): Promise<readonly string[]> {
    const { api } = this.#options.libraryFor(headers)
    return (await api.forgetSession({ returnHeaders: true })).headers.getSetCookie()
  }
}

/** Rather than a failure. */
function isRefusal(error: unknown): boolean {
  return isAPIError(error) && error.statusCode < 500
}
