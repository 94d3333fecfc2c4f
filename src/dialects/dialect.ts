import type { DialectName } from '../core/dialect-name.ts'
import type { PunkuError } from '../core/error.ts'
import type { FormatName } from '../formats/format.ts'
import type { JsonObject } from '../formats/json-facts.ts'
import type { BodyField } from './body-fields.ts'
import type { ListedModel } from './listed-model.ts'

/** What a key may be granted. `never` routes cannot be granted to anyone. */
export const ROUTE_CLASSES = ['inference', 'metadata', 'manage', 'never'] as const
export type RouteClass = (typeof ROUTE_CLASSES)[number]

/**
 * Where a route carries the model's name.
 * - `body`: top-level JSON fields, any of which may hold it; two that are given must name the same model, but for
 *   `source` and `destination`, which are two.
 * - `optional-body`: likewise, but the server has a default when none is given.
 * - `form`: the multipart field `model`.
 * - `path`: the path's `{model...}` part.
 * - `none`: the route concerns no one model.
 */
export type ModelField =
  | { readonly in: 'body' | 'optional-body'; readonly fields: readonly string[] }
  | { readonly in: 'form' | 'path' | 'none' }

/** What the gateway answers from its own catalogue, filtered to the key, instead of passing the request on. */
export type Listing = 'ollama-tags' | 'ollama-ps' | 'ollama-version' | 'models' | 'model' | 'root'

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  /** Exact path, but for its end: `{digest}` stands for one segment, `{model...}` and `{rest...}` for all that is left. */
  readonly path: string
  readonly dialect: DialectName
  readonly class: RouteClass
  readonly model: ModelField
  /** How its answers are written. Absent: nothing in them is read. */
  readonly format?: FormatName
  /** Whether the answer is a stream of `format`: when `stream` is true, or unless it is false. Absent: never. */
  readonly streams?: 'asked' | 'default'
  readonly listing?: Listing
  /** The query parameters passed on; all others are dropped. */
  readonly query?: readonly string[]
  /** It makes the server call out on its owner's account: the key needs the cloud grant too. */
  readonly isOutbound?: true
  /** The request body is raw bytes of any size (a model blob): passed on as it comes, never read into memory. */
  readonly isRawUpload?: true
  /** The `Content-Type` a request body must have. Default `json`. */
  readonly body?: 'json' | 'form' | 'raw' | 'none'
}

/** What differs between the three APIs beside their wire formats. Everything outside `src/dialects` is dialect-agnostic. */
export interface Dialect {
  readonly name: DialectName
  /** The fields of its bodies that say more than what a model is asked. All others pass. */
  readonly fields: readonly BodyField[]
  /** Whether a path that is no route is meant for this API all the same. */
  ownsPath(path: string): boolean
  /** The status of the error as a whole answer. Default: its own. */
  statusOf?(error: PunkuError): number
  /** Whether a JSON body is an error of which its clients read a text. */
  isError(body: JsonObject): boolean
  /** The error as a whole JSON body in the dialect's shape. */
  renderError(error: PunkuError, requestId: string): string
  /** How its clients see the names of models, for people. */
  readonly namesHint: string
  /** Where its own servers look for a credential. `authorization` holds it as a bearer token. */
  readonly credentialHeader: 'authorization' | 'x-api-key'
  /** Models as it lists them. `query`: the request's, without `?`. Throws PunkuError `invalid_request` for a bad page. */
  listModels(models: readonly ListedModel[], query: string): object
  /** One model, as its own route shows it; absent where there is no such route of the gateway's own. */
  showModel?(model: ListedModel): object
}
