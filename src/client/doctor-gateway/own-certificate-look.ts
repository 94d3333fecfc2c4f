import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { LoadedConfig } from '../../config/load.ts'
import type { Clock } from '../../core/clock.ts'
import { isLoopbackAddress } from '../../core/loopback.ts'
import { openableHere } from '../../core/openable-url.ts'
import { formatDuration } from '../../core/units.ts'
import type { HopFinding } from '../../diagnosis/walk.ts'
import type { GatewaySurroundings } from './gateway-checks.ts'

const SOON_MS = 14 * 86_400_000
const SERVED_TIMEOUT_MS = 2_000
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

const RENEW = 'Renew it, put it into tls.certFile, and start the gateway again.'

/** Whether the certificate in the configuration is one that clients can trust, for as long as they should. */
export async function lookAtOwnCertificate(config: LoadedConfig, options: GatewaySurroundings): Promise<HopFinding> {
  if (config.tls === undefined)
    return { state: 'skipped', said: 'No certificate is set: the gateway speaks plain HTTP.' }
  const { cert, key } = config.tls
  const chain = chainIn(cert)
  const [own] = chain
  if (own === undefined) {
    return {
      state: 'broken',
      said: 'tls.certFile holds no certificate in PEM form.',
      advice: 'See what it is: openssl x509 -noout -subject -in FILE',
    }
  }
  if (!fits(own, key.reveal())) {
    return {
      state: 'broken',
      said: 'The private key in tls.keyFile is not that of the certificate in tls.certFile.',
      advice: 'Put the two files there that were made together; the certificate stands first in its file.',
    }
  }
  return (
    faultOfTime(chain, options.clock) ??
    faultOfNames(own, config) ??
    faultOfChain(chain) ??
    (await faultOfServed(own, options)) ?? {
      state: 'ok',
      said: `It is good until ${own.validToDate.toISOString().slice(0, 10)}${own.issuer === own.subject ? '; it vouches for itself, so clients have to be given it' : ''}.`,
    }
  )
}

function chainIn(pem: string): readonly X509Certificate[] {
  try {
    return (pem.match(CERTIFICATE) ?? []).map((one) => new X509Certificate(one))
  } catch {
    return []
  }
}

function fits(own: X509Certificate, key: string): boolean {
  try {
    return own.checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

/** Of all that stand in the file: an authority in between ends as well. */
function faultOfTime(chain: readonly X509Certificate[], clock: Clock): HopFinding | undefined {
  const now = clock.now()
  for (const [at, one] of chain.entries()) {
    const which = at === 0 ? 'The certificate' : 'A certificate between it and its root'
    const leftMs = one.validToDate.getTime() - now
    const day = one.validToDate.toISOString().slice(0, 10)
    if (leftMs <= 0)
      return { state: 'broken', said: `${which} expired on ${day}: every client refuses it.`, advice: RENEW }
    if (one.validFromDate.getTime() > now) {
      return {
        state: 'broken',
        said: `${which} is not valid before ${one.validFromDate.toISOString().slice(0, 10)} by the clock of this machine.`,
        advice: 'Look at the clock: date',
      }
    }
    if (leftMs < SOON_MS) {
      return { state: 'warning', said: `${which} expires on ${day}, in ${formatDuration(leftMs)}.`, advice: RENEW }
    }
  }
  return undefined
}

/** Names by which clients are told to call the gateway; a host of its own list may be one behind a proxy only. */
function faultOfNames(own: X509Certificate, { gateway, listen }: LoadedConfig): HopFinding | undefined {
  const told = gateway.publicUrl === undefined ? [] : [new URL(gateway.publicUrl).hostname]
  const names = [...told, ...gateway.hosts].filter((name) => !name.includes('*'))
  const missing = names.filter((name) => !isFor(own, name))
  if (missing.length > 0) {
    return {
      state: 'warning',
      said: `The certificate is not for ${missing.join(', ')}: clients that use such a name refuse it.`,
      advice: `Have one made that names ${missing.join(', ')}, or take those names out of gateway.publicUrl and gateway.hosts.`,
    }
  }
  const hosts = listen.map((text) => text.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''))
  const isNamed = names.length > 0 || own.subjectAltName?.includes('DNS:') === true
  const lacking = hosts.filter(
    (host) => isIP(host) !== 0 && !isLoopbackAddress(host) && !/^(0\.0\.0\.0|::)$/.test(host),
  )
  const bad = isNamed ? [] : lacking.filter((host) => !isFor(own, host))
  if (bad.length === 0) return undefined
  return {
    state: 'warning',
    said: `The certificate is not for ${bad.join(', ')}, where the gateway listens, and names nothing else.`,
    advice: `Have one made that names ${bad.join(', ')}.`,
  }
}

function isFor(own: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? own.checkHost(name) : own.checkIP(name)) !== undefined
}

/** Whether each is made by the next, and the last by an authority that Node or this system knows. */
function faultOfChain(chain: readonly X509Certificate[]): HopFinding | undefined {
  for (const [at, one] of chain.entries()) {
    const issuer = chain[at + 1]
    if (issuer === undefined || one.checkIssued(issuer)) continue
    return {
      state: 'warning',
      said: `In tls.certFile certificate ${at + 2} is not the one that made certificate ${at + 1}: clients cannot follow the chain.`,
      advice: 'Put the certificate first, then the one that made it, and so on.',
    }
  }
  const last = chain[chain.length - 1] as X509Certificate
  if (last.issuer === last.subject || isKnownAuthority(last)) return undefined
  return {
    state: 'warning',
    said: `tls.certFile ends at a certificate of "${oneLine(last.issuer)}", an authority that this machine does not know. Where the ones in between are left out, browsers connect and tools do not.`,
    advice:
      'Put the whole chain (fullchain.pem) into tls.certFile. If the authority is your own, give clients its file.',
  }
}

function isKnownAuthority(last: X509Certificate): boolean {
  const { getCACertificates } = process.getBuiltinModule('node:tls')
  return [...getCACertificates('default'), ...getCACertificates('system')].some((pem) => {
    try {
      return last.checkIssued(new X509Certificate(pem))
    } catch {
      return false
    }
  })
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ')
}

/** A certificate that was renewed serves nobody before the gateway has read it. */
async function faultOfServed(own: X509Certificate, options: GatewaySurroundings): Promise<HopFinding | undefined> {
  if (!options.control.isLive) return undefined
  const status = await options.control.client.call('status').catch(() => undefined)
  const address = status?.addresses.find((url) => url.startsWith('https:'))
  const served = address && (await servedAt(openableHere(address), options.clock))
  if (served === undefined || served === own.fingerprint256) return undefined
  return {
    state: 'warning',
    said: 'The gateway serves another certificate than tls.certFile holds: it was read before the file was changed.',
    advice: 'Start the gateway again.',
  }
}

function servedAt(url: string, clock: Clock): Promise<string | undefined> {
  const { hostname, port } = new URL(url)
  const { connect } = process.getBuiltinModule('node:tls')
  return new Promise((resolve) => {
    // Nothing is sent, and what is served is only compared.
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || 443),
      rejectUnauthorized: false,
    })
    const finish = (print: string | undefined): void => {
      timer[Symbol.dispose]()
      socket.destroy()
      resolve(print)
    }
    const timer = clock.after(SERVED_TIMEOUT_MS, () => finish(undefined))
    socket.once('secureConnect', () => finish(socket.getPeerCertificate().fingerprint256))
    socket.on('error', () => finish(undefined))
  })
}
