import { expect, test } from 'vitest'
import {
  commandAtGateway,
  commandLine,
  ownCommand,
  ownCommandWords,
  ownProgram,
  type Start,
  withOwnCommands,
} from './own-command.ts'

const start = (given: Partial<Start> = {}): Start => ({
  main: '/usr/lib/node_modules/punku/dist/cli/main.js',
  cwd: '/home/eve',
  env: { HOME: '/home/eve' },
  platform: 'linux',
  ...given,
})
const checkout: Partial<Start> = { main: '/home/eve/punku/src/cli/main.ts', cwd: '/home/eve/punku' }

test.each<[how: string, given: Partial<Start>, program: string]>([
  ['installed', {}, 'punku'],
  ['by npx', { env: { npm_command: 'exec' } }, 'npx punku'],
  ['by a link of npx', { main: '/srv/node_modules/.bin/punku', env: { npm_command: 'exec' } }, 'npx punku'],
  ['by another program that npx runs', { main: '/srv/vitest.mjs', env: { npm_command: 'exec' } }, 'punku'],
  ['in a checkout', checkout, './punku'],
  ['by npm start, which runs in the checkout', { ...checkout, env: { npm_command: 'start' } }, './punku'],
  ['of a checkout elsewhere', { ...checkout, cwd: '/home/eve' }, '/home/eve/punku/punku'],
  ['in a folder that is gone', { ...checkout, cwd: '' }, '/home/eve/punku/punku'],
  ['of a checkout on Windows, whose shells run no script of sh', { ...checkout, platform: 'win32' }, 'npx punku'],
])('a program that was started %s is typed so', (_how, given, program) => {
  expect(ownProgram(start(given))).toBe(program)
  expect(ownCommand('keys list', undefined, start(given))).toBe(`${program} keys list`)
})

test.each<[what: string, home: string | undefined, env: Start['env'], command: string]>([
  ['no folder', undefined, {}, 'punku status'],
  ['the folder that is found anyway', '/home/eve/.config/punku', {}, 'punku status'],
  ['another', '/srv/punku', {}, 'punku status --home /srv/punku'],
  [
    'one that the shell of this process names, and another shell may not',
    '/srv/punku',
    { PUNKU_HOME: '/srv/punku' },
    'punku status --home /srv/punku',
  ],
  ['one that a shell would part', "/srv/eve's own", {}, "punku status --home '/srv/eve'\\''s own'"],
])('of a state folder a command names %s', (_what, home, env, command) => {
  expect(ownCommand('status', home, start({ env: { HOME: '/home/eve', ...env } }))).toBe(command)
})

test.each<[how: string, given: Partial<Start>, words: readonly string[]]>([
  ['installed', {}, ['punku']],
  ['by npx', { env: { npm_command: 'exec' } }, ['npx', 'punku']],
  ['in a checkout, where it is typed by a relative path', checkout, ['/home/eve/punku/punku']],
  ['of a checkout on Windows', { ...checkout, platform: 'win32' }, ['node', '/home/eve/punku/src/cli/main.ts']],
])('a program that was started %s is started so by others, from any folder', (_how, given, words) => {
  expect(ownCommandWords(['key', 'print'], undefined, start(given))).toEqual([...words, 'key', 'print'])
})

test('a command for other programs is one line of their shell', () => {
  const words = ownCommandWords(['key', 'print'], "/srv/eve's own", start())
  expect(commandLine(words, 'linux')).toBe("punku key print --home '/srv/eve'\\''s own'")
  expect(commandLine(['C:\\my tools\\punku', 'key', 'print'], 'win32')).toBe('"C:\\my tools\\punku" key print')
})

test.each([
  ['http://127.0.0.1:11435', './punku tunnels list'],
  ['http://localhost:11435/base', './punku tunnels list'],
  ['http://[::1]:11435', './punku tunnels list'],
  ['https://gateway.example.org', 'punku tunnels list'],
  ['', 'punku tunnels list'],
])('a command at the gateway %j is typed as here where it is here', (url, command) => {
  expect(commandAtGateway(url, 'tunnels list', start(checkout))).toBe(command)
})

test('commands in a text of a gateway are typed as here, but for those beside a model server', () => {
  const text = 'See `punku keys list`, run `punku pair` or `punku connect` there; punku itself and `punku` stay.'
  expect(withOwnCommands(text, '/srv/p', start(checkout))).toBe(
    'See `./punku keys list --home /srv/p`, run `punku pair` or `punku connect` there; punku itself and `punku` stay.',
  )
})
