import type { CloseReason } from '../../protocol/codes.ts'
import type { Link } from '../../tunnel/link.ts'
import type { TunnelSession } from '../../tunnel/session.ts'

/** As many as an agent keeps. */
const MAX_RETIRED_LINKS = 4

/**
 * Links of a tunnel that were told to go away, and whose agent has opened another: they go on until their streams are
 * over, when the agent closes them. Their sessions end with them.
 */
export class RetiredLinks {
  readonly #sessions = new Map<Link, TunnelSession>()

  /** Streams that still run on them. */
  get liveStreams(): number {
    return this.#sessions.values().reduce((sum, { liveStreams }) => sum + liveStreams, 0)
  }

  has(link: Link): boolean {
    return this.#sessions.has(link)
  }

  /** Takes one. One more than may be ends the oldest. */
  add(link: Link, session: TunnelSession): void {
    this.#sessions.set(link, session)
    void link.ended.then(({ text }) => {
      this.#sessions.delete(link)
      session.end(text)
    })
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size > MAX_RETIRED_LINKS) oldest?.close('limit_exceeded', 'too many links were told to go away')
  }

  /** Ends all of them, with their streams. */
  end(reason: CloseReason, text: string): void {
    for (const [link, session] of [...this.#sessions]) {
      session.end(text)
      link.close(reason, text)
    }
  }
}
