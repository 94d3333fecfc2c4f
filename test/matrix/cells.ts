/** Model servers, each with the routes that it really has; `old-ollama` has chats, listings and vectors of its own API alone. */
export const MATRIX_SERVERS = [
  'ollama',
  'old-ollama',
  'llama-server',
  'vllm',
  'lm-studio',
  'openai',
  'anthropic',
] as const
export type MatrixServer = (typeof MATRIX_SERVERS)[number]

/** By the wire format that a client speaks. */
export const CHAT_CLIENT_NAMES = [
  'ollama-chat',
  'ollama-generate',
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'anthropic-messages',
] as const
export type ChatClientName = (typeof CHAT_CLIENT_NAMES)[number]

/** Likewise; by the route where two have one format. */
export const VECTOR_CLIENT_NAMES = ['openai-embeddings', 'ollama-embed', 'ollama-embeddings'] as const
export type VectorClientName = (typeof VECTOR_CLIENT_NAMES)[number]

export const CHAT_FEATURES = [
  'text',
  'image',
  'tools',
  'parallel tools',
  'tool results',
  'thinking',
  'structured output',
  'stop sequence',
  'length',
  'error before the answer',
  'error during the answer',
  'cancel',
] as const
export type ChatFeature = (typeof CHAT_FEATURES)[number]

/**
 * What becomes of a request. `passed`: its bytes go on as they came. `translated`: it is put into another format, and the
 * answer back. `refused`: with an error that says why. `none`: the client's own API has no such thing.
 */
export type Outcome = 'passed' | 'translated' | 'refused' | 'none'

const OUTCOMES: Readonly<Record<string, Outcome>> = { P: 'passed', T: 'translated', R: 'refused', '-': 'none' }

// A letter a server, in their order.
const SPOKEN = {
  'ollama-chat': 'PPTTTTT',
  'ollama-generate': 'PTTTTTT',
  'openai-chat': 'PTPPPPT',
  'openai-completions': 'PTPPPTT',
  'openai-responses': 'TTTPPTT',
  'anthropic-messages': 'PTTTPTP',
} as const

/** What Ollama's layers for other APIs lose is put to its own. */
const NATIVE = { 'openai-chat': 'TTPPPPT', 'anthropic-messages': 'TTTTPTP' } as const

/** No tools in it, nor what they gave: one text and its answer. */
const CALLS = { ...SPOKEN, ...NATIVE, 'ollama-generate': '-RRRRRR', 'openai-completions': '-R---RR' } as const

const CHAT_CELLS: Readonly<Record<ChatFeature, Readonly<Record<ChatClientName, string>>>> = {
  text: SPOKEN,
  image: { ...SPOKEN, 'openai-completions': '-------' },
  tools: CALLS,
  'parallel tools': CALLS,
  'tool results': { ...CALLS, 'ollama-generate': '-------', 'openai-completions': '-------' },
  thinking: { ...SPOKEN, 'openai-completions': '-------', 'anthropic-messages': 'TTTTPTP' },
  'structured output': { ...SPOKEN, 'openai-completions': 'TTPP-TT', 'anthropic-messages': 'TTTTPTP' },
  'stop sequence': { ...SPOKEN, 'openai-responses': '-------', 'anthropic-messages': 'TTTTPTP' },
  length: { ...SPOKEN, ...NATIVE, 'anthropic-messages': 'PTTTPTP' },
  'error before the answer': SPOKEN,
  'error during the answer': SPOKEN,
  cancel: SPOKEN,
}

const VECTOR_CELLS: Readonly<Record<VectorClientName, string>> = {
  'openai-embeddings': 'PTPPPPR',
  'ollama-embed': 'PPTTTTR',
  'ollama-embeddings': 'PTTTTTR',
}

/** What becomes of a chat's request, streamed and whole alike. */
export function chatOutcome(feature: ChatFeature, client: ChatClientName, server: MatrixServer): Outcome {
  return outcomeAt(CHAT_CELLS[feature][client], server)
}

/** What becomes of a request for vectors. */
export function vectorOutcome(client: VectorClientName, server: MatrixServer): Outcome {
  return outcomeAt(VECTOR_CELLS[client], server)
}

function outcomeAt(letters: string, server: MatrixServer): Outcome {
  const outcome = OUTCOMES[letters[MATRIX_SERVERS.indexOf(server)] ?? '']
  if (outcome === undefined) throw new TypeError(`${letters} says nothing of ${server}`)
  return outcome
}
