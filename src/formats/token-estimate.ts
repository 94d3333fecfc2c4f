import type { CallPart, Conversation, ImagePart, TextPart, ThinkingPart, Turn } from './conversation/conversation.ts'

/** What the tokenizers of today's models make of English, and of code with its indentation. */
const CHARACTERS_A_TOKEN = 4
/** What a picture costs in Ollama's own count. */
const TOKENS_A_PICTURE = 768
/** What a template puts around a turn, a call or a tool: its role, and where it begins and ends. */
const TOKENS_A_FRAME = 4

/** What stands before the first character that may be a token of its own: Latin, Greek, Cyrillic, Arabic and so on. */
const FIRST_WHOLE = 0x2e80

/**
 * About how many tokens the prompt of a conversation has, for servers that cannot say it; 1 at least. A Chinese, Japanese or
 * Korean character counts as one, each half of what UTF-16 writes in two (emoji) too, and four others as one, in texts,
 * thoughts, calls, results and tools. Of whole pages in English, or of code, it is within a tenth of what OpenAI's tokenizers
 * count, and within a quarter of a sentence; within two fifths of Chinese, Japanese and Korean, in which these differ among
 * themselves; too few of tables of numbers. What an output has to be is no part of a prompt.
 */
export function estimateTokens({ turns, tools }: Conversation): number {
  let tokens = 0
  for (const turn of turns) tokens += TOKENS_A_FRAME + tokensOfTurn(turn)
  for (const { name, description = '', parameters } of tools) {
    tokens += TOKENS_A_FRAME + tokensOf(name) + tokensOf(description) + tokensOf(JSON.stringify(parameters))
  }
  return Math.max(1, Math.ceil(tokens))
}

function tokensOfTurn(turn: Turn): number {
  if (turn.role === 'system') return tokensOf(turn.text)
  let tokens = turn.role === 'tool' ? tokensOf(turn.name ?? '') : 0
  for (const part of turn.parts) tokens += tokensOfPart(part)
  return tokens
}

function tokensOfPart(part: TextPart | ThinkingPart | ImagePart | CallPart): number {
  switch (part.kind) {
    case 'text':
    case 'thinking':
      return tokensOf(part.text)
    case 'image':
      return TOKENS_A_PICTURE
    case 'call':
      return TOKENS_A_FRAME + tokensOf(part.name) + tokensOf(part.arguments)
  }
}

function tokensOf(text: string): number {
  let whole = 0
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= FIRST_WHOLE) whole++
  return whole + (text.length - whole) / CHARACTERS_A_TOKEN
}
