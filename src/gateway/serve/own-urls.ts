import type { Config } from '../../config/load.ts'
import { isOpenableElsewhere, openableHere } from '../../core/openable-url.ts'
import { renderAddress } from '../../system/listen-address.ts'
import type { ListeningAddress } from '../pipeline/gateway.ts'
import { schemeOf } from './callers.ts'

type UrlConfig = Pick<Config, 'tls' | 'gateway'>

/** Where the gateway listens, as URLs. Some may be of the address that stands for all. */
export function listenerUrls(config: UrlConfig, addresses: readonly ListeningAddress[]): readonly string[] {
  return addresses.map((address) => `${schemeOf(config)}://${renderAddress(address)}`)
}

/** The address of the gateway for whoever sits at its machine; `undefined`: it does not listen yet. */
export function urlHere(config: UrlConfig, addresses: readonly ListeningAddress[]): string | undefined {
  const [first] = listenerUrls(config, addresses)
  return first === undefined ? undefined : openableHere(first)
}

/**
 * The address for links that are made at the gateway's machine, and may be for somebody elsewhere: what the configuration
 * says, else what another machine can open, else what this one can. `undefined`: it does not listen yet.
 */
export function linkUrl(config: UrlConfig, addresses: readonly ListeningAddress[]): string | undefined {
  const { publicUrl } = config.gateway
  return publicUrl ?? listenerUrls(config, addresses).find(isOpenableElsewhere) ?? urlHere(config, addresses)
}
