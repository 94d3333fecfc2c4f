import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { isOwn } from './compile-cache.ts'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'punku-cache-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test.skipIf(process.platform === 'win32')(
  'a folder is trusted that is this user’s and nobody else can write to',
  () => {
    const folder = newFolder()
    expect(isOwn(folder)).toBe(true)
    for (const mode of [0o770, 0o702, 0o777]) {
      chmodSync(folder, mode)
      expect(isOwn(folder)).toBe(false)
    }
    chmodSync(folder, 0o755)
    expect(isOwn(folder)).toBe(true)
    const link = join(newFolder(), 'link')
    symlinkSync(folder, link)
    expect(isOwn(link)).toBe(false)
  },
)

test.skipIf(process.platform === 'win32')(
  'no folder that can be made, and one that others can write to: nothing is kept, and nothing fails',
  () => {
    const home = newFolder()
    const cache = join(home, 'punku')
    mkdirSync(cache)
    chmodSync(cache, 0o777)
    for (const place of [home, '/dev/null/none']) {
      // As if the package lay in a folder without modules of its own.
      const script = `
      const { keepCompiled } = await import('${pathToFileURL(join(import.meta.dirname, 'compile-cache.ts'))}')
      keepCompiled(process.env)
      const { getCompileCacheDir } = await import('node:module')
      process.stdout.write(String(getCompileCacheDir()))`
      const env = { PATH: process.env['PATH'], XDG_CACHE_HOME: place, HOME: place }
      const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { env, encoding: 'utf8' })
      expect(output).not.toContain(place)
    }
    expect(existsSync(cache) && readdirSync(cache)).toEqual([])
  },
)
