import { setImmediate as nextTurn } from 'node:timers/promises'
import { textAnswer } from './answer.ts'
import { Compressor } from './compressor.ts'
import type { Step } from './playback.ts'

/** Waits until the test calls the request's `release()`. No timer is involved. */
export const hold: Step = (playback) => playback.waitForRelease()

/** Sends status and headers, and nothing of the body. */
export const head: Step = (playback) => playback.sendHead()

/** Sends the next `count` frames of the answer, flushed one by one. */
export function frames(count: number): Step {
  return async (playback) => {
    for (let sent = 0; sent < count; sent++) await playback.sendFrame()
  }
}

/** Sends the next `count` bytes of the answer. */
export function bytes(count: number): Step {
  return (playback) => playback.sendBytes(count)
}

/** Sends what is left of the answer and ends it: what happens without a script. */
export const rest: Step = async (playback) => {
  await allFrames(playback)
  await playback.end()
}

/** Sends what is left of the answer, and does not end it. */
export const allFrames: Step = async (playback) => {
  while (playback.unsentFrames > 0 && !playback.isOver) await playback.sendFrame()
}

/** Sends all frames but those that say the stream is complete. */
export const restButTerminator: Step = async (playback) => {
  while (playback.unsentFrames > playback.answer.terminatorFrames && !playback.isOver) await playback.sendFrame()
}

/** Sends what is left, a frame at each `release()`, and ends it with the last. */
export const restByRelease: Step = async (playback) => {
  while (playback.unsentFrames > 0 && !playback.isOver) {
    await playback.waitForRelease()
    await playback.sendFrame()
  }
  await playback.end()
}

/** Ends the body in good order where it stands. */
export const end: Step = (playback) => playback.end()

/** Closes the connection where it stands, in the middle of the body if need be. */
export const cut: Step = (playback) => playback.cut('fin')

/** Resets the connection where it stands. */
export const reset: Step = (playback) => playback.cut('reset')

/** Reports a failure in the middle of the stream, as this kind of stream does; the body stays open. */
export function errorFrame(message: string): Step {
  return (playback) => playback.send(Buffer.from(playback.answer.errorFrame(message)))
}

/** Sends bytes that are no part of the answer, inside its body. */
export function inject(content: string | Uint8Array): Step {
  return (playback) => playback.send(Buffer.from(content))
}

/** Writes bytes straight to the socket, past HTTP: garbage, when it comes first. */
export function raw(content: string | Uint8Array): Step {
  return (playback) => playback.sendRaw(Buffer.from(content))
}

/** Answers with an error in the server's own shape; without a message, with its usual one (503: still loading). */
export function fail(status: number, message?: string): Step {
  return async (playback) => {
    playback.replaceByError(status, message)
    await rest(playback)
  }
}

/** Answers with exactly this, as a redirect or a page of HTML. */
export function respond(status: number, headers: Readonly<Record<string, string>>, body = ''): Step {
  return async (playback) => {
    const answer = textAnswer(body, status)
    playback.replaceAnswer({ ...answer, headers: { ...answer.headers, ...headers } })
    await rest(playback)
  }
}

/** From here on, sends in chunks of at most `count` bytes: 1 breaks every frame and every character. */
export function chunksOf(count: number): Step {
  return (playback) => playback.limitChunks(count)
}

/** Compresses the body, whatever was asked for, and flushes behind each frame. Comes first. */
export function compressed(name: string): Step {
  return (playback) => playback.compressBy(new Compressor(name))
}

/** The head will promise `count` bytes more, or fewer, than the body has. For more, end with `restButTerminator, cut`. */
export function misstateLength(count: number): Step {
  return (playback) => playback.misstateLength(count)
}

/** Sends `count` frames of `frameBytes` of content each, as fast as they are taken. Default: until the client leaves. */
export function flood(frameBytes: number, count: number = Number.POSITIVE_INFINITY): Step {
  return async (playback) => {
    const frame = Buffer.from(playback.answer.contentFrame('x'.repeat(frameBytes)))
    for (let sent = 0; sent < count && !playback.isOver; sent++) {
      await playback.send(frame)
      // A reader that keeps up would otherwise leave no turn for anything else, its own departure included.
      await nextTurn()
    }
  }
}
