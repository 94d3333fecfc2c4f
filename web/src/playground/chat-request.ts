/** The APIs that the playground speaks. */
export type ChatDialect = 'openai' | 'anthropic' | 'ollama'

/** What is asked of a model. */
export interface Chat {
  readonly dialect: ChatDialect
  readonly model: string
  /** Empty: none is sent. */
  readonly system: string
  /** `undefined`: the server's own. */
  readonly temperature: number | undefined
  /** `undefined`: the server's own limit, but for Anthropic's API, which wants one. */
  readonly maxTokens: number | undefined
  readonly messages: readonly ChatMessage[]
}

/** One turn of the talk. */
export interface ChatMessage {
  readonly role: 'user' | 'assistant'
  readonly text: string
}

/** A request to the gateway, without its key. */
export interface ChatRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const ANTHROPIC_MAX_TOKENS = 4_096

/** The request that asks for a streamed answer, in the words of its dialect. */
export function chatRequest(chat: Chat): ChatRequest {
  const headers = { 'content-type': 'application/json' }
  const { model, temperature, maxTokens } = chat
  const turns = chat.messages.map(({ role, text }) => ({ role, content: text }))
  const system = chat.system.trim()
  const withSystem = system === '' ? turns : [{ role: 'system', content: system }, ...turns]
  switch (chat.dialect) {
    case 'openai':
      return {
        path: '/v1/chat/completions',
        headers,
        // Fields that are `undefined` are left out of JSON.
        body: JSON.stringify({
          model,
          stream: true,
          stream_options: { include_usage: true },
          temperature,
          max_tokens: maxTokens,
          messages: withSystem,
        }),
      }
    case 'anthropic':
      return {
        path: '/v1/messages',
        headers: { ...headers, 'anthropic-version': '2023-06-01' },
        body: JSON.stringify({
          model,
          stream: true,
          max_tokens: maxTokens ?? ANTHROPIC_MAX_TOKENS,
          temperature,
          system: system === '' ? undefined : system,
          messages: turns,
        }),
      }
    case 'ollama': {
      const options = { temperature, num_predict: maxTokens }
      const hasOptions = temperature !== undefined || maxTokens !== undefined
      return {
        path: '/api/chat',
        headers,
        body: JSON.stringify({ model, stream: true, options: hasOptions ? options : undefined, messages: withSystem }),
      }
    }
  }
}

/** The same request as a line for a POSIX shell, with the key in `PUNKU_KEY`. */
export function curlLine(baseUrl: string, request: ChatRequest): string {
  const headers = Object.entries(request.headers).map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)} \\`)
  return [
    `curl -N ${quoted(baseUrl + request.path)} \\`,
    '  -H "authorization: Bearer $PUNKU_KEY" \\',
    ...headers,
    `  -d ${quoted(request.body)}`,
  ].join('\n')
}

/** A text as one word of a POSIX shell, whatever it holds. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
