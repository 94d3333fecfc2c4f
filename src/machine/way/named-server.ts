import { printable } from '../../http-client/gateway-error.ts'

/** Headers by which what stands before a gateway names itself, and whom each stands for; `undefined`: its value says. */
const MARKS: readonly (readonly [header: string, owner: string | undefined])[] = [
  ['cf-ray', 'Cloudflare'],
  ['x-amz-cf-id', 'Amazon CloudFront'],
  ['x-amzn-trace-id', "Amazon's load balancer"],
  ['x-azure-ref', 'Azure Front Door'],
  ['x-vercel-id', 'Vercel'],
  ['fly-request-id', 'Fly.io'],
  ['x-served-by', undefined],
  ['server', undefined],
  ['via', undefined],
  ['x-cache', undefined],
  ['x-powered-by', undefined],
]
const MAX_NAME_LENGTH = 80

/**
 * Who answered, by what it says of itself in an answer's headers, as in `Cloudflare` or `nginx/1.26 (server)`; `undefined`: it
 * says nothing. A gateway itself says nothing.
 */
export function namedServer(headers: Readonly<Record<string, string>>): string | undefined {
  for (const [header, owner] of MARKS) {
    const value = headers[header]
    if (value === undefined || value === '') continue
    return owner === undefined ? `${printable(value, MAX_NAME_LENGTH)} (${header})` : `${owner} (${header})`
  }
  return undefined
}

/** What makes a proxy of that name pass on each piece as it comes: what to set, as a sentence. */
export function unbufferAdvice(name: string | undefined): string {
  const known = ADVICE.find(([pattern]) => pattern.test(name ?? ''))
  return (
    known?.[1] ??
    'Switch off buffering of answers there: in nginx `proxy_buffering off;`, in Caddy `flush_interval -1`, in Apache `flushpackets=on`.'
  )
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /nginx|openresty/i,
    'In its configuration set `proxy_buffering off;` for this gateway, and reload it: nginx -s reload',
  ],
  [
    /caddy/i,
    'In its Caddyfile set `flush_interval -1` in the `reverse_proxy` of this gateway, and reload it: caddy reload',
  ],
  [/apache/i, 'Add `flushpackets=on` to its ProxyPass of this gateway, and reload it: apachectl graceful'],
  [
    /cloudflare/i,
    'Switch off compression and Rocket Loader for this host there, and let `text/event-stream` pass as it is.',
  ],
]
