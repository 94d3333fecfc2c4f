import { fileURLToPath } from 'node:url'
import { randomId } from '../../core/id.ts'
import { PACKAGE_FOLDER } from '../../core/package-folder.ts'
import { type BuiltDashboard, type BuiltFile, type FileForm, readBuiltFiles } from './built-files.ts'

const BASE = '/ui/'
/** 130 bits: nobody guesses the nonce of a page. */
const NONCE_LENGTH = 26
const NONCE_PLACE = '__NONCE__'
/** The pages of the dashboard's own router: names between single slashes. A name with a dot is a file, or nothing. */
const CLIENT_ROUTE = /^\/ui\/(?!assets(?:\/|$))(?:[\w-]+(?:\/[\w-]+)*\/?)?$/
/** The same whether the gateway runs from `src` or from `dist`. */
const BUILT_FOLDER = fileURLToPath(new URL('dist/web/', PACKAGE_FOLDER))

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Punku</title>
<h1>The dashboard is not built</h1>
<p>The gateway itself runs. In its folder, <code>npm run build</code> builds the dashboard; then start the gateway again.</p>
</html>
`

/** The dashboard's files as answers. It holds nothing open. */
export interface Dashboard {
  /**
   * Whether a path is the dashboard's to answer: `/connect`, and all under `/ui`.
   * @param path the target as it was sent, without its query
   */
  has(path: string): boolean
  /** The page, a file of the build, or why there is none. Nothing of a person is in it, so that it needs no session. */
  respond(request: Request): Response
}

/**
 * Reads the built dashboard into memory. Where there is none, the pages say how to build it, with status 503.
 * @param options.folder where the build is. Default: `dist/web` of this package
 */
export async function openDashboard(options: { readonly folder?: string } = {}): Promise<Dashboard> {
  const built = await readBuiltFiles(options.folder ?? BUILT_FOLDER)
  return {
    has: (path) => path === '/connect' || path === '/ui' || path.startsWith(BASE),
    respond: (request) => respond(request, built),
  }
}

function respond(request: Request, built: BuiltDashboard | undefined): Response {
  const { pathname, search } = new URL(request.url)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plain(405, 'This path takes GET and HEAD and no other method.\n', { allow: 'GET, HEAD' })
  }
  if (pathname === '/ui') return plain(308, '', { location: `${BASE}${search}` })
  // Typed by hand from a terminal, as all other pages are under /ui.
  if (pathname === '/ui/connect') return plain(308, '', { location: `/connect${search}` })
  const file = pathname.startsWith(BASE) ? built?.files.get(pathname.slice(BASE.length)) : undefined
  if (file !== undefined) return asset(request, file)
  if (pathname !== '/connect' && !CLIENT_ROUTE.test(pathname)) {
    return plain(404, 'The dashboard has no such file.\n')
  }
  return page(built)
}

function page(built: BuiltDashboard | undefined): Response {
  const nonce = randomId(NONCE_LENGTH)
  return answer(built === undefined ? 503 : 200, built?.page.replaceAll(NONCE_PLACE, nonce) ?? NOT_BUILT, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': policy(nonce),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy':
      'camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
  })
}

function asset(request: Request, file: BuiltFile): Response {
  const [encoding, form] = chooseForm(request.headers.get('accept-encoding') ?? '', file)
  const headers = {
    'content-type': file.type,
    // The name of a file holds a hash of what is in it.
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
    etag: form.etag,
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
  }
  const known = request.headers.get('if-none-match') ?? ''
  if (known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === form.etag)) {
    return new Response(null, { status: 304, headers: { ...COMMON_HEADERS, ...headers } })
  }
  return answer(200, form.bytes, headers)
}

function chooseForm(accepted: string, { br, gzip, plain }: BuiltFile): readonly ['br' | 'gzip' | undefined, FileForm] {
  const codings = new Set(
    accepted
      .toLowerCase()
      .split(',')
      .map((part) => part.replace(/\s/g, ''))
      .filter((part) => !/;q=0(?:\.0*)?$/.test(part))
      .map((part) => part.split(';', 1)[0]),
  )
  if (br !== undefined && codings.has('br')) return ['br', br]
  if (gzip !== undefined && codings.has('gzip')) return ['gzip', gzip]
  return [undefined, plain]
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return answer(status, text, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  })
}

const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

function answer(status: number, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>): Response {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  // To a HEAD request Node sends all of this but the body.
  return new Response(body, {
    status,
    headers: { ...COMMON_HEADERS, ...headers, 'content-length': String(length) },
  })
}

function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
