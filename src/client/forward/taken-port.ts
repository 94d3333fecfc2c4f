import { readdir, readFile } from 'node:fs/promises'
import { renderAddress } from '../../system/listen-address.ts'
import type { PortOwner } from '../../system/port-owner.ts'
import type { ForwardListen } from './forward-listen.ts'

/** Says who holds the address that was to be listened on, and what to do. `holder` undefined: nobody knows. */
export async function explainTakenPort(listen: ForwardListen, holder: PortOwner | undefined): Promise<string> {
  const { command, user } = holder ?? {}
  const isOllama = /^ollama/i.test(command ?? '') || (command === undefined && user === 'ollama')
  const pid = holder?.pid ?? (isOllama ? await ollamaPid() : undefined)
  const name = command ?? (isOllama ? 'ollama' : 'another program')
  const known = `${name}${pid === undefined ? '' : ` (pid ${pid})`}${user === undefined ? '' : ` of user ${user}`}`
  const other = renderAddress({ host: listen.host, port: listen.port === 0 ? 0 : listen.port - 1 })
  const stop = isOllama ? waysToStop(process.platform, await cgroupOf(pid)) : 'stop it'
  return `${renderAddress(listen)} is held by ${known}. Listen elsewhere with --listen ${other}, and set OLLAMA_HOST=${other} for the tools that are to use it; or ${stop}.`
}

/** Says that the address that was to be listened on is the gateway's own, and what to do. */
export function explainOwnGateway(listen: ForwardListen, gatewayUrl: string): string {
  const other = renderAddress({ host: listen.host, port: listen.port - 1 })
  return `${renderAddress(listen)} is where your gateway itself is (${gatewayUrl}). Tools that can send a key need no forwarder: give them that address. For others listen elsewhere: --listen ${other}`
}

/** Another user's Ollama does not show which sockets it has, and which process it is all the same. */
async function ollamaPid(): Promise<number | undefined> {
  const names = await readdir('/proc').catch(() => [])
  for (const name of names.filter((one) => /^\d+$/.test(one))) {
    const command = await readFile(`/proc/${name}/comm`, 'utf8').catch(() => '')
    if (command.trim() === 'ollama') return Number(name)
  }
  return undefined
}

async function cgroupOf(pid: number | undefined): Promise<string> {
  return pid === undefined ? '' : await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')
}

/** How Ollama is stopped on a system, by the text of its `/proc/PID/cgroup` (empty: not known). */
export function waysToStop(platform: NodeJS.Platform, cgroup: string): string {
  if (platform === 'darwin') {
    return 'stop Ollama: `osascript -e \'quit app "Ollama"\'`, or where Homebrew runs it `brew services stop ollama`'
  }
  if (platform === 'win32') return 'stop Ollama: Quit in the menu of its icon in the taskbar'
  if (/\/user@\d+\.service\/.*ollama[^/]*\.service/.test(cgroup)) return 'stop Ollama: `systemctl --user stop ollama`'
  if (/snap\.ollama/.test(cgroup)) return 'stop Ollama: `sudo snap stop ollama`'
  if (/ollama[^/]*\.service/.test(cgroup)) return 'stop Ollama: `sudo systemctl stop ollama`'
  if (cgroup === '') return 'stop Ollama: `sudo systemctl stop ollama` where systemd runs it, else where it was started'
  return 'stop Ollama where it was started: Ctrl-C ends `ollama serve`'
}
