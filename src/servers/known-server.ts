import type { UpstreamKind } from '../core/dialect-name.ts'
import type { ServerName } from './known/model-servers.ts'
import type { CatalogueModel, ServerHealth } from './server.ts'

/** What is known of a model server, as it last said. */
export interface KnownServer {
  readonly kind: UpstreamKind
  /** `undefined` until it has answered once. */
  readonly server: ServerName | undefined
  readonly version: string | undefined
  readonly health: ServerHealth
  /**
   * `undefined` until a listing has been read; then the newest one. Each time more is known of a model it is a new
   * array.
   */
  readonly models: readonly CatalogueModel[] | undefined
  /** What the newest listing says of a model, by its canonical name; `isCloud` there holds for aliases too. */
  modelOf(canonicalName: string): CatalogueModel | undefined
}
