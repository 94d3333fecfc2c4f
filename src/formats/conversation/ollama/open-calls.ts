import type { CallPart } from '../conversation.ts'

/** A call whose result has not come. */
interface OpenCall {
  readonly id: string
  readonly name: string
  isOpen: boolean
}

/** Calls in their order. Those before `from` have their results: looked through again for each, many would hold the loop. */
interface CallQueue {
  readonly calls: OpenCall[]
  from: number
}

/** The calls of a history, by which results find theirs: Ollama asks for no ids, so that some have to be made. */
export class OpenCalls {
  readonly #takenIds: ReadonlySet<string>
  readonly #byId = new Map<string, OpenCall>()
  #byName = new Map<string, CallQueue>()
  #all: CallQueue = { calls: [], from: 0 }
  #madeIds = 0

  /** @param takenIds those that the request itself gives, anywhere in it */
  constructor(takenIds: ReadonlySet<string>) {
    this.#takenIds = takenIds
  }

  /** An id that no other call of the request has; the same one whenever the history begins the same. */
  makeId(): string {
    for (;;) {
      const id = `call_${++this.#madeIds}`
      if (!this.#takenIds.has(id)) return id
    }
  }

  /** The model says something anew: what it called before has no result but by its id. */
  forget(): void {
    this.#byName = new Map()
    this.#all = { calls: [], from: 0 }
  }

  add({ id, name }: CallPart): void {
    const call = { id, name, isOpen: true }
    const named = this.#byName.get(name) ?? { calls: [], from: 0 }
    this.#byId.set(id, call)
    this.#byName.set(name, named)
    named.calls.push(call)
    this.#all.calls.push(call)
  }

  /** The call that a result is of, which has its result then: by id, else the first of that name, else the first. */
  take(id: string | undefined, name: string | undefined): Pick<CallPart, 'id' | 'name'> | undefined {
    const named = name === undefined ? undefined : this.#byName.get(name)
    const call = id === undefined ? ((named && firstOpen(named)) ?? firstOpen(this.#all)) : this.#byId.get(id)
    if (call !== undefined) call.isOpen = false
    return call
  }
}

function firstOpen(queue: CallQueue): OpenCall | undefined {
  while (queue.calls[queue.from]?.isOpen === false) queue.from++
  return queue.calls[queue.from]
}
