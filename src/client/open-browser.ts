import type { Environment } from '../config/environment.ts'

export interface BrowserSurroundings {
  readonly env: Environment
  readonly platform: NodeJS.Platform
  /** Somebody sits at a terminal. */
  readonly isTerminal: boolean
}

/**
 * Whether a browser opened from here would come up before the person who asks: not over SSH, not without a terminal,
 * and on Linux not without a display, where a text browser would take over the terminal.
 */
export function canOpenBrowser({ env, platform, isTerminal }: BrowserSurroundings): boolean {
  if (!isTerminal || env['SSH_CONNECTION'] || env['SSH_TTY']) return false
  if (platform === 'darwin' || platform === 'win32') return true
  return Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'] || env['WSL_DISTRO_NAME'])
}

/**
 * Opens an address in the person's browser; `false` when that did not work. The address came from a gateway: only one
 * of the web is opened, for others start programs.
 */
export async function openBrowser(address: string): Promise<boolean> {
  if (!/^https?:$/.test(URL.parse(address)?.protocol ?? '')) return false
  try {
    // Imported here: no other command needs it, and it looks around the machine as it loads.
    const { default: open } = await import('open')
    await open(address)
    return true
  } catch {
    return false
  }
}
