/** What a host such as `ollama.laptop.tunnel` names. It exists for the SDK alone: no DNS is ever asked for it. */
export interface TunnelHost {
  /** The slug of the org; `undefined`: that of the key. */
  readonly org: string | undefined
  /** The label of the one tunnel, or of another upstream, that is meant; `undefined`: any that has the model. */
  readonly upstream: string | undefined
}

/** Why a request was not sent: its address names no tunnel, or none that may be meant, or the gateway led elsewhere. */
export type TunnelRefusalReason = 'address' | 'other_host' | 'other_org' | 'redirect' | 'options'

/** The SDK refused a request before anything of it, or of its key, was sent to where it may not go. */
export class TunnelRefusal extends Error {
  override readonly name = 'TunnelRefusal'
  readonly reason: TunnelRefusalReason

  constructor(reason: TunnelRefusalReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** What may stand before the tunnel: each API is told by its path, so that they all mean the same. */
const SERVER_WORDS: ReadonlySet<string> = new Set(['ollama', 'openai', 'anthropic'])

/** Of `http:` and `https:`, and the one that clients of Ollama add where an address has none. */
const PORTS: ReadonlySet<string> = new Set(['', '80', '443', '11434'])

const LABEL = /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/

const FORMS =
  'Write http://<org>.tunnel, http://ollama.<tunnel label>.tunnel or http://ollama.<tunnel label>.<org>.tunnel; openai and anthropic may stand for ollama.'

/**
 * Reads the host of a URL; `undefined`: it is no `.tunnel` address. Upper case and one dot at the end mean the same.
 * @throws TunnelRefusal `address` for one that ends in `.tunnel` and has another form, a user, a strange port or a name
 * that is not ASCII: labels of tunnels are, and what only looks like one must reach nobody's.
 */
export function readTunnelHost(url: URL): TunnelHost | undefined {
  const host = url.hostname.toLowerCase().replace(/\.$/, '')
  if (host !== 'tunnel' && !host.endsWith('.tunnel')) return undefined
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refusal(`${url.protocol} leads to no tunnel.`)
  if (url.username !== '' || url.password !== '') {
    throw refusal('A .tunnel address holds no user and no password: the key is given to the SDK.')
  }
  if (!PORTS.has(url.port)) throw refusal(`A .tunnel address has no port, and this one has ${url.port}.`)
  const labels = host.split('.').slice(0, -1)
  if (labels.length === 0 || !labels.every((label) => LABEL.test(label) && !label.startsWith('xn--'))) {
    throw refusal('This .tunnel address has a part that can be no label: letters a to z, digits, - and _ alone.')
  }
  const [first = '', second, third] = labels
  if (labels.length === 1) return { org: first, upstream: undefined }
  if (labels.length > 3 || !SERVER_WORDS.has(first)) throw refusal('This .tunnel address has no form that is known.')
  return { org: third, upstream: second }
}

const refusal = (what: string) => new TunnelRefusal('address', `${what} ${FORMS}`)
