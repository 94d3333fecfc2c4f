import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { setupTool } from '../../src/client/setup/setup-tools.ts'
import { versionIn } from '../../src/client/tools/installed-tool.ts'
import { programOrSkip } from './program.ts'
import { openSetupWorld, PROMPT, SAID, SET_UP_TOOLS } from './setup-world.ts'

/** What a shell may have left of other servers. */
const FOREIGN = { ANTHROPIC_API_KEY: 'sk-foreign', ANTHROPIC_AUTH_TOKEN: 'foreign', OPENAI_API_KEY: 'sk-foreign' }

const MODELS_ELSEWHERE = /^(?:api\.(?:openai|anthropic)\.com|opencode\.ai|openrouter\.ai)/

interface Written {
  readonly files: readonly { readonly path: string }[]
}

describe.each(SET_UP_TOOLS)('$program', ({ name, program: command, words, defaultWords }) => {
  const program = programOrSkip(command)

  const ways = [
    { how: 'by what was written', isDefault: false },
    { how: 'as the default', isDefault: true },
  ].filter(({ isDefault }) => !isDefault || defaultWords !== undefined)

  test.skipIf(program === undefined).each(ways)(
    'answers $how alone, and nothing of it is left after --undo',
    async ({ isDefault }) => {
      await using stack = new AsyncDisposableStack()
      const { gateway, place, key, punku, home } = await openSetupWorld(stack)
      const flags = isDefault ? ['--default'] : []
      const done = await punku('setup', name, '--yes', '--json', ...flags)
      expect([done.code, done.stderr]).toEqual([0, ''])
      const { files } = JSON.parse(done.stdout) as Written
      const earlier = (await gateway.rows()).length
      const args = isDefault ? (defaultWords ?? []) : words(home)
      const ended = await place.run(program ?? '', { args, env: FOREIGN })
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(SAID) })
      const rows = (await gateway.rows()).slice(earlier)
      expect(rows.map(({ status }) => status)).toEqual(rows.map(() => 200))
      expect(rows.length).toBeGreaterThan(0)
      // What its makers are told of it is the person's to turn off; a model elsewhere must not be asked.
      expect(place.strangersAsked.filter((asked) => MODELS_ELSEWHERE.test(asked))).toEqual([])
      const { stdout: version } = await place.run(program ?? '', { args: ['--version'] })
      process.stderr.write(
        `${command} ${versionIn(version)}, measured ${setupTool(name)?.measuredVersion}, asks ${place.strangersAsked.join(' ')}\n`,
      )

      const undone = await punku('setup', name, '--undo')
      expect([undone.code, undone.stderr]).toEqual([0, ''])
      for (const { path } of files) {
        const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
        expect([path, text.includes(key), text.includes(gateway.url)]).toEqual([path, false, false])
      }
    },
  )
})

describe('a shell', () => {
  const copilot = programOrSkip('copilot')

  test.skipIf(copilot === undefined)('that has read the script for Copilot CLI starts it on the gateway', async () => {
    await using stack = new AsyncDisposableStack()
    const { place, punku, state } = await openSetupWorld(stack)
    expect(await punku('setup', 'copilot', '--yes')).toMatchObject({ code: 0, stderr: '' })
    const script = `. '${join(state, 'tools/copilot.sh')}' && exec "$@"`
    const args = ['-c', script, 'sh', copilot ?? '', '--allow-all-tools', '--no-color', '-p', PROMPT]
    expect(await place.run('/bin/sh', { args })).toMatchObject({ code: 0, stdout: expect.stringContaining(SAID) })
  })

  test('that has read its profile has address and key', async () => {
    await using stack = new AsyncDisposableStack()
    const { gateway, key, place, punku } = await openSetupWorld(stack)
    expect(await punku('setup', 'shell', '--yes')).toMatchObject({ code: 0, stderr: '' })
    const args = ['-c', '. "$HOME/.profile" && echo "$OPENAI_BASE_URL $OPENAI_API_KEY"']
    expect(await place.run('/bin/sh', { args })).toMatchObject({ code: 0, stdout: `${gateway.url}/v1 ${key}\n` })
  })
})
