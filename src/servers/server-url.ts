import { PunkuError } from '../core/error.ts'
import type { ServerBase } from './server.ts'

/** Where the URL of a model server leads. */
export interface ServerAddress extends ServerBase {
  /** Host, port and base path: of two URLs that mean one server the same. */
  readonly place: string
}

/**
 * Reads an upstream's URL. Messages do not repeat it: it may hold a password by mistake.
 * @throws PunkuError `invalid_request` when it is none that an upstream can have.
 */
export function parseUpstreamUrl(text: string): ServerAddress {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw invalidUrl('An upstream must be a URL that begins with http:// or https://, as in http://127.0.0.1:11434.')
  }
  if (url.username !== '' || url.password !== '') {
    throw invalidUrl('An upstream URL must not hold a user or a password. Put the credential into a key file instead.')
  }
  if (text.includes('?') || text.includes('#')) {
    throw invalidUrl('An upstream URL must end with its path: leave out the query and the fragment.')
  }
  const basePath = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return { place: `${url.hostname}:${port}${basePath}`, origin: url.origin, basePath }
}

function invalidUrl(message: string): PunkuError {
  return new PunkuError('invalid_request', message, { param: 'url' })
}
