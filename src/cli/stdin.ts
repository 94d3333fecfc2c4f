import { Secret } from '../core/secret.ts'
import { UsageError } from './exit.ts'

/** Tokens have a hundred characters; more is something else. */
const MAX_LINE_BYTES = 4_096

/**
 * Reads one line of a stream as a secret, without the white space around it, and closes the stream.
 * @throws UsageError when there is none, or what is there can be no token. It is not repeated: it may be secret.
 */
export async function readSecretLine(stream: NodeJS.ReadableStream, what: string): Promise<Secret> {
  let text = ''
  // Leaving the loop destroys the stream: nothing of it keeps the process.
  for await (const chunk of stream) {
    text += String(chunk)
    if (text.includes('\n') || text.length > MAX_LINE_BYTES) break
  }
  const line = (text.split('\n', 1)[0] ?? '').trim()
  if (line === '') throw new UsageError(`There is no ${what} on standard input. Put it there on one line.`)
  if (line.length > MAX_LINE_BYTES || !/^[\x21-\x7e]+$/.test(line)) {
    throw new UsageError(`What is on standard input is no ${what}: it must be on one line, without spaces.`)
  }
  return new Secret(line)
}
