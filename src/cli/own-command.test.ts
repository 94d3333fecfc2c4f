import { expect, test } from 'vitest'
import { ownCommand, type Start } from './own-command.ts'

const start = (given: Partial<Start>): Start => ({
  main: '/usr/lib/node_modules/punku/dist/cli/main.js',
  cwd: '/home/eve',
  env: {},
  platform: 'linux',
  home: undefined,
  ...given,
})
const checkout = { main: '/home/eve/punku/src/cli/main.ts' }

test.each<[how: string, given: Partial<Start>, command: string]>([
  ['installed', {}, 'punku keys list'],
  ['by npx', { env: { npm_command: 'exec' } }, 'npx punku keys list'],
  ['in a checkout', { ...checkout, cwd: '/home/eve/punku' }, './punku keys list'],
  [
    'by npm start, which runs in the checkout',
    { ...checkout, cwd: '/home/eve/punku', env: { npm_command: 'start' } },
    './punku keys list',
  ],
  ['of a checkout elsewhere', checkout, '/home/eve/punku/punku keys list'],
  [
    'of a checkout on Windows, whose shells run no script of sh',
    { ...checkout, platform: 'win32' },
    'npx punku keys list',
  ],
  ['with a state folder', { home: '/srv/punku' }, 'punku keys list --home /srv/punku'],
  ['with one that a shell would part', { home: "/srv/eve's own" }, "punku keys list --home '/srv/eve'\\''s own'"],
])('a command of a program that was started %s', (_how, given, command) => {
  expect(ownCommand(start(given))('keys list')).toBe(command)
})
