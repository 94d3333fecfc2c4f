import { isLoopbackHost } from './loopback.ts'

/** The addresses that stand for all of a machine's, and the one by which it reaches a listener there itself. */
const LOOPBACK_OF_ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' }

/** Whether a URL names the address that stands for all of a machine's: good to listen on, and nobody's to open. */
export function isOfAnyAddress(url: string): boolean {
  return new URL(url).hostname in LOOPBACK_OF_ANY
}

/** The URL of a listener as its own machine opens it. It begins with scheme and authority, and has no path of its own. */
export function openableHere(url: string): string {
  const { hostname } = new URL(url)
  const loopback = LOOPBACK_OF_ANY[hostname]
  return loopback === undefined ? url : url.replace(hostname, loopback)
}

/** Whether another machine may open it: neither loopback nor the address that stands for all. */
export function isOpenableElsewhere(url: string): boolean {
  return !isLoopbackHost(new URL(url).hostname) && !isOfAnyAddress(url)
}
