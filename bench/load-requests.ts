/** Where requests go and what lets them in. */
export interface Target {
  readonly port: number
  readonly key: string
}

/** The routes on which streams are asked for. */
export type LoadDialect = 'chat' | 'messages' | 'responses'

/** Where each is asked. */
export const DIALECT_PATHS: Readonly<Record<LoadDialect, string>> = {
  chat: '/v1/chat/completions',
  messages: '/v1/messages',
  responses: '/v1/responses',
}

/** A small chat. */
export const SMALL_CHAT = { model: 'bench', messages: [{ role: 'user', content: 'Say hello.' }] }

/** More than any stream of a bench lives to see. */
const ENDLESS_TOKENS = 100_000_000

/** Asks for an endless stream. Its rate is in a field that chats alone have, else in the prompt, which is in every format. */
export function endlessStream(dialect: LoadDialect, tokensPerSecond: number): object {
  const said = { role: 'user', content: `Say hello at a rate of ${tokensPerSecond} a second.` }
  switch (dialect) {
    case 'chat':
      return { ...SMALL_CHAT, stream: true, max_tokens: ENDLESS_TOKENS, seed: tokensPerSecond }
    case 'messages':
      return { model: 'bench', stream: true, max_tokens: ENDLESS_TOKENS, messages: [said] }
    case 'responses':
      return { model: 'bench', stream: true, max_output_tokens: ENDLESS_TOKENS, input: [said] }
  }
}

/** The request in the bytes of HTTP/1.1. */
export function requestBytes({ port, key }: Target, body: object, dialect: LoadDialect = 'chat'): Buffer {
  const text = JSON.stringify(body)
  const head = [
    `POST ${DIALECT_PATHS[dialect]} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    `authorization: Bearer ${key}`,
    'content-type: application/json',
    'accept: */*',
    'user-agent: bench/1',
    `content-length: ${text.length}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`)
}
