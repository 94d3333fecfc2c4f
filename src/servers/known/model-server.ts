import type { DialectName } from '../../core/dialect-name.ts'
import type { Route } from '../../dialects/dialect.ts'
import type { JsonObject } from '../../formats/json-facts.ts'
import type { JsonAnswer, JsonQuestion } from '../json-answer.ts'
import type { ModelFacts } from '../model-facts.ts'
import type { CatalogueModel } from '../server.ts'

/**
 * Asks the server that is being probed, by GET. A path that was asked before in the same probe is answered as it was
 * then, so that any of the known servers may look at any answer. Rejects as `askJson` does.
 */
export type AskServer = (path: string) => Promise<JsonAnswer>

/** What a server said of itself when it was recognised. */
export interface Recognised {
  readonly version: string | undefined
  readonly models: readonly CatalogueModel[]
}

/** How a server shows itself at its usual port, by one small answer to GET. */
export interface ServerSign {
  readonly path: string
  /** Whether the answer, whose status was 200, is such a server's. */
  isIn(answer: JsonObject): boolean
}

/** What a server is asked of each of its models, one by one. */
export interface DetailQuestion {
  /** Those of the listed models that it can be asked about. */
  askable(listed: readonly CatalogueModel[]): readonly CatalogueModel[]
  of(model: CatalogueModel): Pick<JsonQuestion, 'path' | 'body'>
  factsIn(answer: JsonObject): ModelFacts
}

/** How a server is asked which models are in memory. */
export interface LoadedQuestion {
  readonly path: string
  /** The entries of the loaded models; `undefined`: it does not tell. */
  entriesIn(answer: JsonObject): readonly unknown[] | undefined
  factsIn(entry: JsonObject): ModelFacts
}

/** A route that a server serves badly. */
export interface Misread {
  readonly path: string
  /** Only requests that say something in one of these fields. Absent: all of them. */
  readonly fields?: readonly string[]
}

/** A model server that is known here: all that differs between it and the others. */
export interface ModelServer<Name extends string = string> {
  readonly name: Name
  /** The API it speaks. */
  readonly kind: DialectName
  /** Where it listens when nobody told it otherwise; the likeliest first. */
  readonly usualPorts: readonly number[]
  readonly sign: ServerSign
  /**
   * Whether it is this server that answers, and what it says of itself. It is asked after the servers that stand before
   * it in `MODEL_SERVERS` did not recognise themselves. `undefined`: another one.
   */
  recognise(ask: AskServer): Promise<Recognised | undefined>
  /** How its owner makes it listen on loopback only, for people. Absent: as with any program. */
  exposureFix?(port: number, platform: NodeJS.Platform): string
  /**
   * What it has of the dialects' routes, and its own. What more than one server has is one object, which the folder of
   * its dialect exports.
   */
  readonly routes: readonly Route[]
  /** What it serves, and not well: such a request is better put to another of its routes. Absent: it serves all well. */
  readonly misreads?: readonly Misread[]
  /**
   * It runs tools of a type `web_search…` by itself, on an account of its owner's. Absent: to it they are words, or what
   * its owner set up for its callers.
   */
  readonly searchesTheWeb?: true
  /** Absent: its listing tells all. */
  readonly details?: DetailQuestion
  /** Absent: its listing tells which models are loaded, or nothing does. */
  readonly loaded?: LoadedQuestion
}
