import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Context } from 'hono'
import { PunkuError } from '../../core/error.ts'
import { Places } from '../../core/places.ts'
import type { Actor } from '../orgs/actor.ts'

/** Objects that are made text in one go: well below a millisecond. */
const SLICE_OBJECTS = 50

/** A file of objects, one a line. */
export interface ExportFile {
  readonly name: string
  /** A page is read when whoever asked has taken the one before. */
  readonly pages: AsyncIterable<readonly object[]>
}

/**
 * Files of all there is, which are read while they are taken. Each person takes one at a time. However many people take
 * theirs, one page of one of them is read at a time, and the event loop is held for one slice of it, then has a turn.
 */
export class Exports {
  readonly #takers = new Set<string>()
  readonly #turns = new Places(1)

  /** @throws PunkuError `limit_reached` while the person takes another */
  answer({ personId }: Pick<Actor, 'personId'>, { req: { raw } }: Context, { name, pages }: ExportFile): Response {
    const release = this.#take(personId ?? '')
    // Nobody reads a body that is not sent.
    if (raw.method === 'HEAD') release()
    if (raw.signal.aborted) release()
    raw.signal.addEventListener('abort', release, { once: true })
    return new Response(ReadableStream.from(endingWith(release, this.#chunksOf(pages))), {
      headers: { 'content-type': 'application/x-ndjson', 'content-disposition': `attachment; filename="${name}"` },
    })
  }

  #take(person: string): () => void {
    if (this.#takers.has(person)) {
      throw new PunkuError(
        'limit_reached',
        'Another export of yours is under way, and each person has one at a time. Wait until it has ended, or end it.',
      )
    }
    this.#takers.add(person)
    let isReleased = false
    return () => {
      if (!isReleased) this.#takers.delete(person)
      isReleased = true
    }
  }

  async *#chunksOf(pages: AsyncIterable<readonly object[]>): AsyncGenerator<Uint8Array> {
    const reader = pages[Symbol.asyncIterator]()
    try {
      for (;;) {
        const chunk = await this.#nextChunk(reader)
        if (chunk === undefined) return
        yield chunk
      }
    } finally {
      await reader.return?.()
    }
  }

  /** The next page as text; `undefined`: there is none. */
  async #nextChunk(reader: AsyncIterator<readonly object[]>): Promise<Uint8Array | undefined> {
    using _turn = await this.#turns.enter()
    const { done, value: page } = await reader.next()
    if (done === true) return undefined
    const slices: string[] = []
    for (let at = 0; at < page.length; at += SLICE_OBJECTS) {
      slices.push(
        page
          .slice(at, at + SLICE_OBJECTS)
          .map((object) => `${JSON.stringify(object)}\n`)
          .join(''),
      )
      // A socket that takes all at once asks for the next without one.
      await nextTurn()
    }
    return Buffer.from(slices.join(''))
  }
}

/** The same, with `release` called once it is over, also where it was never begun. */
function endingWith<T>(release: () => void, chunks: AsyncGenerator<T>): AsyncIterable<T> {
  const iterator: AsyncIterator<T> = {
    async next() {
      try {
        const result = await chunks.next()
        if (result.done === true) release()
        return result
      } catch (error) {
        release()
        throw error
      }
    },
    async return() {
      release()
      return await chunks.return(undefined)
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}
