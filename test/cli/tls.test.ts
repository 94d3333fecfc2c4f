import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hasProgram, Place } from './punku.ts'

const hasOpenssl = hasProgram('openssl', 'version')

function statusOf(url: string, ca: Buffer): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).once('error', reject)
  })
}

test.skipIf(!hasOpenssl)(
  `with a certificate it speaks HTTPS only${hasOpenssl ? '' : ' (NOT RUN: there is no openssl)'}`,
  async () => {
    using place = new Place()
    const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
    const files = ['-keyout', 'key.pem', '-out', 'cert.pem']
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '1',
        ...names,
        ...files,
      ],
      { cwd: place.folder, stdio: 'ignore' },
    )
    // Paths on the command line start where the command was given.
    const { punku, url } = await place.serve('--demo', 'always', '--tls-cert', 'cert.pem', '--tls-key', 'key.pem')
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(await statusOf(`${url}/readyz`, readFileSync(join(place.folder, 'cert.pem')))).toBe(200)
    const plain = await fetch(url.replace('https:', 'http:'))
    expect([plain.status, await plain.text()]).toEqual([400, expect.stringContaining('Use https://, not http://')])
    expect(await punku.until((text) => text.includes('curl '))).toContain(`curl -N ${url}/v1/chat/completions`)
    expect((await punku.stop('SIGTERM')).code).toBe(0)
  },
)
