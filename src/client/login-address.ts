import { GivenFileReader } from '../config/given-files.ts'
import { GatewayAddress } from '../http-client/gateway-address.ts'
import type { Login } from './logins.ts'

/**
 * The way to a gateway at which this user signs in, or is signed in.
 * @throws ConfigError when the file with further authorities cannot be read, PunkuError `invalid_request` when it has none.
 */
export function loginAddress({ url, caFile }: Pick<Login, 'url' | 'caFile'>): GatewayAddress {
  if (caFile === undefined) return new GatewayAddress({ url })
  const files = new GivenFileReader()
  const extraCa = files.read('--ca-file', caFile)
  files.assertUsable()
  return new GatewayAddress({ url, ...(extraCa !== undefined && { extraCa }) })
}
