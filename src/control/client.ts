import type {
  IssuedKeyBody,
  KeyBody,
  ModelBody,
  NewKeyBody,
  RequestBody,
  StatusBody,
  UsageGroupBody,
} from './contract.ts'
import type { Problem } from './contract-parts.ts'
import type { IssuedTunnelBody, PairingBody, TunnelBody } from './tunnel-contract.ts'

/** Sends a request to the control API: over a socket, or into an application in this process. */
export type ControlFetch = (path: string, init: RequestInit) => Promise<Response>

/** What the control API refused. The message says what happened and what to do. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly code: string
  readonly status: number

  constructor(problem: Pick<Problem, 'code' | 'status' | 'detail'>) {
    super(problem.detail)
    this.code = problem.code
    this.status = problem.status
  }
}

export interface RequestsQuery {
  readonly after?: number
  readonly limit?: number
  readonly key?: string
  /** ISO 8601. */
  readonly since?: string
}

/** The control API as functions. Each throws `ControlError` for what the API refuses. */
export class ControlClient {
  readonly #fetch: ControlFetch

  constructor(fetch: ControlFetch) {
    this.#fetch = fetch
  }

  async listKeys(): Promise<KeyBody[]> {
    return (await this.#call<{ keys: KeyBody[] }>('GET', '/keys')).keys
  }

  createKey(grant: NewKeyBody): Promise<IssuedKeyBody> {
    return this.#call('POST', '/keys', grant)
  }

  showKey(key: string): Promise<KeyBody> {
    return this.#call('GET', `/keys/${encodeURIComponent(key)}`)
  }

  rotateKey(key: string, graceMs: number): Promise<IssuedKeyBody> {
    return this.#call('POST', `/keys/${encodeURIComponent(key)}/rotate`, { graceMs })
  }

  revokeKey(key: string): Promise<KeyBody> {
    return this.#call('DELETE', `/keys/${encodeURIComponent(key)}`)
  }

  async listTunnels(): Promise<TunnelBody[]> {
    return (await this.#call<{ tunnels: TunnelBody[] }>('GET', '/tunnels')).tunnels
  }

  createTunnel(label: string): Promise<IssuedTunnelBody> {
    return this.#call('POST', '/tunnels', { label })
  }

  showTunnel(tunnel: string): Promise<TunnelBody> {
    return this.#call('GET', tunnelPath(tunnel))
  }

  renameTunnel(tunnel: string, label: string): Promise<TunnelBody> {
    return this.#call('PATCH', tunnelPath(tunnel), { label })
  }

  rotateTunnel(tunnel: string): Promise<IssuedTunnelBody> {
    return this.#call('POST', `${tunnelPath(tunnel)}/rotate`)
  }

  revokeTunnel(tunnel: string): Promise<TunnelBody> {
    return this.#call('DELETE', tunnelPath(tunnel))
  }

  showPairing(code: string): Promise<PairingBody> {
    return this.#call('GET', pairingPath(code))
  }

  approvePairing(code: string, label?: string): Promise<TunnelBody> {
    return this.#call('POST', `${pairingPath(code)}/approve`, label === undefined ? {} : { label })
  }

  denyPairing(code: string): Promise<PairingBody> {
    return this.#call('POST', `${pairingPath(code)}/deny`)
  }

  async listRequests(query: RequestsQuery): Promise<RequestBody[]> {
    return (await this.#call<{ requests: RequestBody[] }>('GET', `/requests${queryText({ ...query })}`)).requests
  }

  async usage(by: 'key' | 'model' | 'day', since?: string): Promise<UsageGroupBody[]> {
    return (await this.#call<{ groups: UsageGroupBody[] }>('GET', `/usage${queryText({ by, since })}`)).groups
  }

  async listModels(): Promise<ModelBody[]> {
    return (await this.#call<{ models: ModelBody[] }>('GET', '/models')).models
  }

  status(): Promise<StatusBody> {
    return this.#call('GET', '/status')
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.#fetch(`/control/v1${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const value: unknown = await response.json()
    // Both sides are of one version: the same package, on the same machine.
    if (!response.ok) throw new ControlError(value as Problem)
    return value as T
  }
}

function tunnelPath(tunnel: string): string {
  return `/tunnels/${encodeURIComponent(tunnel)}`
}

function pairingPath(code: string): string {
  return `/pairings/${encodeURIComponent(code)}`
}

function queryText(values: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value))
  return query.size === 0 ? '' : `?${query}`
}
