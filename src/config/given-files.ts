import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { z } from 'zod'
import { Secret } from '../core/secret.ts'
import { ConfigError } from './config-error.ts'
import { DATABASE_URL_RULE, isDatabaseUrl } from './option-types.ts'
import type { configSchema } from './schema.ts'

/** Certificates with their chain are a few KiB; more is a wrong path. */
const MAX_FILE_BYTES = 1_048_576

type Parsed = z.output<typeof configSchema>

/**
 * Reads the files that `…File` options name, relative ones from `folder`, and puts their contents in place of the
 * names. A secret that other users can read is a warning, not an error: container systems mount them so.
 * @throws ConfigError with every file that cannot be used.
 */
export function readGivenFiles(config: Parsed, folder: string) {
  const problems: string[] = []
  const warnings: string[] = []

  function read(option: string, name: string): string {
    const path = resolve(folder, name)
    try {
      const stats = statSync(path)
      if (!stats.isFile() || stats.size > MAX_FILE_BYTES) {
        problems.push(`${option}: ${path} is no file of at most 1 MiB: check the path.`)
        return ''
      }
      const text = readFileSync(path, 'utf8')
      if (text.trim() === '') problems.push(`${option}: ${path} is empty.`)
      return text
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      problems.push(`${option}: ${path} cannot be read (${code}): check the path and who may read it.`)
      return ''
    }
  }

  function readSecret(option: string, name: string): Secret {
    const text = read(option, name).trim()
    const path = resolve(folder, name)
    if (text !== '' && process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      warnings.push(`${option}: other users of this machine can read ${path}. Close it with: chmod 600 ${path}`)
    }
    return new Secret(text)
  }

  const tls = config.tls && {
    cert: read('tls.certFile', config.tls.certFile),
    key: readSecret('tls.keyFile', config.tls.keyFile),
  }
  const upstreams = config.upstreams.map(({ url, kind, keyFile }, index) => {
    if (keyFile === undefined) return { url, kind, key: undefined }
    const option = `upstreams[${index}].keyFile`
    const key = readSecret(option, keyFile)
    // It goes into a header: a line end in it would start another.
    if (!/^[\x21-\x7e]*$/.test(key.reveal()))
      problems.push(`${option}: the file must hold the key on one line and nothing else.`)
    return { url, kind, key }
  })
  let url = config.database.url
  if (config.database.urlFile !== undefined) {
    if (url !== undefined) problems.push('database.url and database.urlFile are both set: leave one out.')
    url = readSecret('database.urlFile', config.database.urlFile)
    if (url.reveal() !== '' && !isDatabaseUrl(url.reveal()))
      problems.push(`database.urlFile: its text ${DATABASE_URL_RULE}.`)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { values: { tls, upstreams, database: { url } }, warnings }
}
