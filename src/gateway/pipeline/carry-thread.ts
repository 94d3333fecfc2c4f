import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { PunkuError } from '../../core/error.ts'
import { Places } from '../../core/places.ts'
import type { CarriedChat, ChatJob } from './carried-chat.ts'
import { type CarryAnswer, type CarryAsk, carryErrorOf } from './carry-answer.ts'

/** What a larger body leaves in the heap of its thread is worth more than the tenth of a second that another takes to start. */
const KEPT_BYTES = 4 * 1_024 * 1_024

/** So much is copied in a turn of the event loop: a millisecond or two. */
const SLICE_BYTES = 2 * 1_024 * 1_024

/**
 * A thread that puts large chats into other formats, one at a time and in the order in which they came, so that what it holds
 * beside their bodies is what one of them takes. It starts with the first, keeps the process alive only while one waits, and
 * starts anew where it has ended.
 */
export class CarryThread {
  readonly #start: () => Worker
  readonly #place = new Places(1)
  #worker: Worker | undefined

  /** @param start starts the thread's file; for a test that ends it */
  constructor(start: () => Worker = startCarryWorker) {
    this.#start = start
  }

  /**
   * As `carryChat`, of a copy of these bytes.
   *
   * @param isWanted asked once it is its turn: what nobody waits for any more is not begun, and rejects as `client_closed`
   * @throws PunkuError as `carryChat` does; any other error when the thread is lost before it has answered
   */
  async carry(bytes: Buffer, job: ChatJob, isWanted: () => boolean): Promise<CarriedChat> {
    using _place = await this.#place.enter()
    if (!isWanted()) throw new PunkuError('client_closed', 'It ended before it was put into another format.')
    const copy = await copyOf(bytes)
    const worker = this.#running()
    worker.ref()
    const answer = await ask(worker, { bytes: copy, job })
    worker.unref()
    if (bytes.length > KEPT_BYTES) this.#end(worker)
    if ('failure' in answer) throw carryErrorOf(answer.failure)
    const { body, ...carried } = answer
    return { ...carried, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = this.#start()
    // Whoever waits is told by its end; without a listener the error would be the process's.
    worker.on('error', () => {})
    worker.on('exit', () => this.#forget(worker))
    this.#worker = worker
    return worker
  }

  #end(worker: Worker): void {
    this.#forget(worker)
    void worker.terminate()
  }

  #forget(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined
  }
}

/** The one of the process. */
export const carryThread = new CarryThread()

/** Starts the thread's file. */
export function startCarryWorker(): Worker {
  // The build makes a chunk of its own of the file this URL names, and its name of this (`scripts/worker-files.ts`).
  return new Worker(new URL('./carry-worker.ts', import.meta.url), { execArgv: [], env: {} })
}

async function copyOf(bytes: Buffer): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(bytes.length)
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    if (at > 0) await nextTurn()
    copy.set(bytes.subarray(at, at + SLICE_BYTES), at)
  }
  return copy
}

function ask(worker: Worker, asked: CarryAsk): Promise<CarryAnswer> {
  return new Promise((resolve, reject) => {
    let cause: unknown
    const onError = (error: unknown) => {
      cause = error
    }
    const settle = () => {
      worker.off('error', onError)
      worker.off('exit', onExit)
      worker.off('message', onMessage)
    }
    const onExit = (code: number) => {
      settle()
      reject(new Error(`The thread that translates ended with ${code} before it had answered.`, { cause }))
    }
    const onMessage = (answer: CarryAnswer) => {
      settle()
      resolve(answer)
    }
    worker.on('error', onError)
    worker.on('exit', onExit)
    worker.on('message', onMessage)
    worker.postMessage(asked, [asked.bytes.buffer])
  })
}
