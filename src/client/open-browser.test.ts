import { describe, expect, test } from 'vitest'
import { canOpenBrowser, openBrowser } from './open-browser.ts'

describe('canOpenBrowser', () => {
  test.each<[env: Record<string, string>, platform: NodeJS.Platform, isTerminal: boolean, can: boolean]>([
    [{}, 'darwin', true, true],
    [{}, 'win32', true, true],
    [{}, 'darwin', false, false],
    [{ SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }, 'darwin', true, false],
    [{ SSH_TTY: '/dev/pts/0', DISPLAY: ':0' }, 'linux', true, false],
    [{}, 'linux', true, false],
    [{ DISPLAY: ':0' }, 'linux', true, true],
    [{ WAYLAND_DISPLAY: 'wayland-0' }, 'linux', true, true],
    [{ WSL_DISTRO_NAME: 'Debian' }, 'linux', true, true],
    [{ DISPLAY: ':0' }, 'linux', false, false],
  ])('%j on %s, terminal: %j', (env, platform, isTerminal, can) => {
    expect(canOpenBrowser({ env, platform, isTerminal })).toBe(can)
  })
})

test.each(['file:///etc/passwd', 'vscode://x', 'javascript:alert(1)', '/usr/bin/id', 'C:\\x.exe', ''])(
  '%j is not opened: it is no page of the web',
  async (address) => expect(await openBrowser(address)).toBe(false),
)
