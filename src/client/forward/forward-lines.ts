import { ownCommand } from '../../config/own-command.ts'
import type { ForwardEvent } from './forward-standing.ts'

/** What is told of a forwarder: that it listens, or how it stands with the gateway. */
export type ForwardNews =
  | { readonly kind: 'listening'; readonly url: string; readonly gateway: string; readonly profile: string }
  | ForwardEvent

/** The same for people, a line each. `home`: the state folder, for commands that are named. */
export function forwardLines(news: ForwardNews, home: string): readonly string[] {
  switch (news.kind) {
    case 'listening':
      return listening(news)
    case 'gateway_away':
      return [`${news.message} It is tried again with each request.`]
    case 'key_refused':
      return [
        `The gateway does not take the key of this profile. Give another one, and it is used from then on: ${ownCommand('login URL', home)}`,
      ]
    case 'gateway_back':
      return ['The gateway answers again.']
  }
}

function listening({ url, gateway, profile }: Extract<ForwardNews, { readonly kind: 'listening' }>): readonly string[] {
  const isWhereOllamaIs = url === 'http://127.0.0.1:11434'
  const host = url.replace('http://', '')
  return [
    `Listening  ${url}`,
    `Gateway    ${gateway} (profile ${profile})`,
    '',
    isWhereOllamaIs
      ? 'Tools that look for Ollama find it there by themselves; nothing is to be set.'
      : `For tools that look for Ollama: export OLLAMA_HOST=${host}`,
    `For tools that speak OpenAI's API: OPENAI_BASE_URL=${url}/v1, with any text as the key.`,
    `For tools that speak Anthropic's API: ANTHROPIC_BASE_URL=${url}, with any text as the key.`,
    'Every user of this machine can reach it, and then uses your key. Ctrl-C ends it.',
  ]
}
