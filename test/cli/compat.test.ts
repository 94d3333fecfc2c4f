import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { writeClientProfile } from '../../src/client/profiles/client-profile.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { findFreePort } from '../support/free-port.ts'
import { runCommand } from '../support/run-command.ts'

/** A machine with a Claude Code that npm installed, and an npm that installs no more than its version. */
function machine(version: string) {
  const folder = mkdtempSync(join(tmpdir(), 'punku-compat-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [bin, modules] = [join(folder, 'bin'), join(folder, 'lib/node_modules/@anthropic-ai/claude-code')]
  mkdirSync(bin, { recursive: true })
  mkdirSync(modules, { recursive: true })
  const install = (name: string) =>
    writeFileSync(join(modules, 'cli.js'), `#!/bin/sh\necho '${name} (Claude Code)'\n`, { mode: 0o755 })
  install(version)
  symlinkSync(join(modules, 'cli.js'), join(bin, 'claude'))
  const npm = `#!/bin/sh
echo "$@" > '${join(folder, 'npm-args')}'
for last; do :; done
printf '#!/bin/sh\\necho "%s (Claude Code)"\\n' "\${last##*@}" > '${join(modules, 'cli.js')}'
`
  writeFileSync(join(bin, 'npm'), npm, { mode: 0o755 })
  return {
    folder,
    install,
    run: (...args: string[]) =>
      runCommand({
        args: ['compat', ...args, '--home', join(folder, 'home')],
        cwd: folder,
        env: { PATH: `${bin}:/usr/bin:/bin` },
      }),
  }
}

describe.skipIf(process.platform === 'win32')('punku compat', () => {
  test('a known version works; of an unknown one nothing is said where nothing may be tried', async () => {
    const known = await machine('2.1.197').run('check', 'claude', '--json')
    expect(known).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(known.stdout).versions).toEqual([
      expect.objectContaining({
        name: 'claude',
        version: '2.1.197',
        state: 'works',
        evidence: 'test/tools/turns.test.ts',
      }),
    ])
    const unknown = await machine('99.0.0').run('check', 'claude', '--no-try')
    expect(unknown.code).toBe(0)
    expect(unknown.stdout).toMatch(/claude +99\.0\.0 +untried +- +It was never tried/)
  })

  test('a gateway that is away is no fault of the tool, and nothing is kept of it', async () => {
    const { folder, run } = machine('99.0.0')
    const home = join(folder, 'home')
    ensureHome(home)
    const of = { key: new Secret('pk_a_b'), caFile: undefined, model: undefined }
    writeClientProfile(home, { ...of, name: 'default', url: `http://127.0.0.1:${await findFreePort()}` })
    const { code, stdout, stderr } = await run('check', 'claude')
    expect([code, stdout, stderr]).toEqual([69, '', expect.stringMatching(/nothing listens at its address/)])
    expect((await run('check', 'claude', '--no-try')).stdout).toMatch(/untried/)
  })

  test('a version is pinned, and comes back as npm had installed it', async () => {
    const { folder, install, run } = machine('2.1.197')
    expect((await run('rollback', 'claude')).stderr).toMatch(/is not pinned.*compat pin claude/)
    expect((await run('pin')).stdout).toMatch(/^Pinned claude 2\.1\.197\.\n/)
    expect((await run('rollback', 'claude', '--yes')).stdout).toBe('Claude Code is at 2.1.197 already.\n')
    install('2.2.0')
    const asked = await run('rollback', 'claude')
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    const done = await run('rollback', 'claude', '--yes', '--json')
    expect(JSON.parse(done.stdout)).toEqual({ tool: 'claude', from: '2.2.0', to: '2.1.197', isChanged: true })
    expect(done.stderr).toContain(`npm install --global --prefix ${folder} @anthropic-ai/claude-code@2.1.197`)
  })

  test('what is not there, or not known, is said', async () => {
    const { run } = machine('2.1.197')
    expect(await run('check', 'codex')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Not found in PATH: Codex'),
    })
    expect(await run('check', 'nope')).toMatchObject({ code: 2, stderr: expect.stringContaining('There are: claude') })
  })
})
