/** How a machine is paired. */
export interface PairOptions {
  /** With a one-time token, which it reads from its standard input, rather than with a code that somebody confirms. */
  readonly hasToken?: boolean
  /** It takes the place of the pairing that the machine has. */
  readonly replaces?: boolean
}

/** The program as it is typed in a checkout: no package of it is published, and by `npx` a machine without one would run a stranger's. */
const PROGRAM = './punku'

/** What is typed on a machine that is paired, to serve its models. */
export const CONNECT_COMMAND = `${PROGRAM} connect`

/** What is typed on the machine that has the models, to pair it with this gateway. */
export function pairCommand(publicUrl: string, options: PairOptions = {}): string {
  const words = [`${PROGRAM} pair`, publicUrl]
  if (options.hasToken === true) words.push('--token-stdin')
  if (options.replaces === true) words.push('--replace')
  // An agent refuses plain HTTP beyond its own machine unless it is told that this is meant.
  if (new URL(publicUrl).protocol === 'http:' && !isLoopback(publicUrl)) words.push('--allow-plain-http')
  return words.join(' ')
}

/** Whether an address leads to the machine it is used on, and to no other. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\./.test(hostname)
}
