import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { z } from 'zod'
import { Secret } from '../core/secret.ts'
import { ConfigError } from './config-error.ts'
import { DATABASE_URL_RULE, isDatabaseUrl, isMailUrl, MAIL_URL_RULE } from './option-types.ts'
import { parsePepper } from './pepper.ts'
import type { configSchema } from './schema.ts'

/** Certificates with their chain are a few KiB; more is a wrong path. */
const MAX_FILE_BYTES = 1_048_576

type Parsed = z.output<typeof configSchema>

/**
 * Reads files that options name. What is wrong is collected in `problems`, each a sentence for the person who set the
 * option, and what should be told to them in `warnings`; a file that cannot be used reads as empty.
 */
export class GivenFileReader {
  readonly problems: string[] = []
  readonly warnings: string[] = []

  /** The text of the file. */
  read(option: string, path: string): string {
    try {
      const stats = statSync(path)
      if (!stats.isFile() || stats.size > MAX_FILE_BYTES) {
        this.problems.push(`${option}: ${path} is no file of at most 1 MiB: check the path.`)
        return ''
      }
      const text = readFileSync(path, 'utf8')
      if (text.trim() === '') this.problems.push(`${option}: ${path} is empty.`)
      return text
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      this.problems.push(`${option}: ${path} cannot be read (${code}): check the path and who may read it.`)
      return ''
    }
  }

  /** The trimmed text. That other users can read it is a warning, not an error: container systems mount files so. */
  readSecret(option: string, path: string): Secret {
    const text = this.read(option, path).trim()
    if (text !== '' && process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      this.warnings.push(`${option}: other users of this machine can read ${path}. Close it with: chmod 600 ${path}`)
    }
    return new Secret(text)
  }

  /** A secret that goes into a header: a line end in it would start another. */
  readKey(option: string, path: string): Secret {
    const key = this.readSecret(option, path)
    if (!/^[\x21-\x7e]*$/.test(key.reveal()))
      this.problems.push(`${option}: the file must hold the key on one line and nothing else.`)
    return key
  }

  /** @throws ConfigError with all problems, when there are any. */
  assertUsable(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems)
  }
}

/**
 * Reads the files that `…File` options name, relative ones from `folder`, and puts their contents in place of the names.
 * @throws ConfigError with every file that cannot be used.
 */
export function readGivenFiles(config: Parsed, folder: string) {
  const files = new GivenFileReader()
  const at = (name: string) => resolve(folder, name)
  const tls = config.tls && {
    cert: files.read('tls.certFile', at(config.tls.certFile)),
    key: files.readSecret('tls.keyFile', at(config.tls.keyFile)),
  }
  const upstreams = config.upstreams.map(({ url, kind, keyFile }, index) => ({
    url,
    kind,
    key: keyFile === undefined ? undefined : files.readKey(`upstreams[${index}].keyFile`, at(keyFile)),
  }))
  const { pepperFile } = config.secrets
  const pepperText = pepperFile === undefined ? undefined : files.readSecret('secrets.pepperFile', at(pepperFile))
  const pepper = pepperText && parsePepper(pepperText.reveal())
  if (pepperText !== undefined && pepper === undefined && pepperText.reveal() !== '') {
    files.problems.push('secrets.pepperFile: its text is no pepper. Copy `secrets/pepper` of the first gateway.')
  }
  let url = config.database.url
  if (config.database.urlFile !== undefined) {
    if (url !== undefined) files.problems.push('database.url and database.urlFile are both set: leave one out.')
    url = files.readSecret('database.urlFile', at(config.database.urlFile))
    if (url.reveal() !== '' && !isDatabaseUrl(url.reveal()))
      files.problems.push(`database.urlFile: its text ${DATABASE_URL_RULE}.`)
  }
  const issuers = config.auth.issuers.map(({ clientSecretFile, ...issuer }, index) => ({
    ...issuer,
    clientSecret:
      clientSecretFile === undefined
        ? undefined
        : files.readKey(`auth.issuers[${index}].clientSecretFile`, at(clientSecretFile)),
  }))
  const mail = readMail(config, files, at)
  files.assertUsable()
  const auth = { ...config.auth, issuers }
  return { values: { tls, upstreams, database: { url }, secrets: { pepper }, auth, mail }, warnings: files.warnings }
}

function readMail({ mail, gateway }: Parsed, files: GivenFileReader, at: (name: string) => string) {
  let { url } = mail
  if (mail.urlFile !== undefined) {
    if (url !== undefined) files.problems.push('mail.url and mail.urlFile are both set: leave one out.')
    url = files.readSecret('mail.urlFile', at(mail.urlFile))
    if (url.reveal() !== '' && !isMailUrl(url.reveal())) files.problems.push(`mail.urlFile: its text ${MAIL_URL_RULE}.`)
  }
  if (url === undefined) return undefined
  if (mail.from === undefined) files.problems.push('mail.from is not set: say whom mails come from.')
  if (gateway.publicUrl === undefined) {
    files.problems.push('mail needs gateway.publicUrl: say where the links in mails lead.')
  }
  return { url, from: mail.from ?? '' }
}
