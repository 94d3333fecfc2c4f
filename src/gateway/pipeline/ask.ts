import type { Readable } from 'node:stream'
import type { WireFormat } from '../../formats/format.ts'
import type { HeaderView } from '../../http/headers.ts'
import type { ServedRoute } from '../../servers/route-table.ts'
import type { Key } from '../access/key.ts'
import { aliasCuts } from './aliased.ts'
import { type LeftOut, leftOutOf } from './left-out.ts'
import type { NamedModel, RequestFacts, ToolFields } from './request-facts.ts'

/**
 * What a client said, once it was read and allowed. It never changes: what is sent is an `Order`, which is made of it
 * and of a lease.
 */
export interface Ask {
  readonly key: Key
  readonly route: ServedRoute
  /** How the route's answers are written; `undefined`: nothing in them is read. */
  readonly format: WireFormat | undefined
  /** In canonical form, without a key in it. */
  readonly path: string
  /** The parameters that the route lets through, without `?`. */
  readonly query: string
  readonly headers: HeaderView
  /** The id of the one upstream of the key's org that it may go to; `undefined`: any. */
  readonly pinned: string | undefined
  /** Every model it names; the first is the one it is about. */
  readonly models: readonly NamedModel[]
  /** Models it names beside them. */
  readonly otherModels: readonly NamedModel[]
  readonly wantsStream: boolean
  /** What its body calls its conversation. */
  readonly conversation: string | undefined
  /** Where its tools stand in its body, and what refers to them. */
  readonly toolFields: ToolFields | undefined
  /** Of the fields that some server misreads on this route: those in which it says something. */
  readonly told: readonly string[]
  /** What of its body no upstream is sent. */
  readonly leftOut: readonly LeftOut[]
  /** Whole and decoded, or a stream that is passed on as it comes. */
  readonly body: Buffer | Readable
}

/** What is known of a request before its body was read. */
export type AskHead = Pick<Ask, 'key' | 'route' | 'format' | 'path' | 'query' | 'headers' | 'pinned'>

/** The ask of a request whose body was read. */
export function askOf(head: AskHead, facts: RequestFacts, body: Buffer): Ask {
  const { models, otherModels, wantsStream, conversation, toolFields, told } = facts
  return {
    ...head,
    models,
    otherModels,
    wantsStream,
    conversation,
    toolFields,
    told,
    leftOut: [...leftOutOf(head.key, facts), ...aliasCuts(models)],
    body,
  }
}

/** The ask of a request whose body is passed on unread. */
export function rawAskOf(head: AskHead, body: Readable): Ask {
  const nothing = {
    models: [],
    otherModels: [],
    wantsStream: false,
    conversation: undefined,
    toolFields: undefined,
    told: [],
    leftOut: [],
  }
  return { ...head, ...nothing, body }
}
