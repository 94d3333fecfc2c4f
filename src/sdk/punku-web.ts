// What any runtime has of the package: nothing here needs Node.
export { type FetchFunction, type PunkuFetchOptions, punkuFetch } from './punku-fetch.ts'
export { type TunnelHost, TunnelRefusal, type TunnelRefusalReason } from './tunnel-host.ts'
export type { TunnelKey, TunnelWayOptions } from './tunnel-way.ts'
