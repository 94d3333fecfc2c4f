import Anthropic from '@anthropic-ai/sdk'
import { type ChatRequest, type GenerateRequest, Ollama } from 'ollama'
import OpenAI from 'openai'
import type { JsonObject } from '../../src/formats/json-facts.ts'
import type { ChatClientName } from './cells.ts'

/** Where a client asks, and by which `fetch`. */
export interface ClientPlace {
  readonly url: string
  readonly key: string
  readonly fetch: typeof fetch
}

export interface MatrixAsk {
  /** Model and all, without `stream`. */
  readonly body: JsonObject
  readonly isStreamed: boolean
  readonly signal: AbortSignal
}

/** The official library of an API. */
export interface ChatClient {
  readonly path: string
  /** What the library makes of the answer: of a stream what it puts together, or where it puts nothing together, what its events say. */
  ask(place: ClientPlace, ask: MatrixAsk): Promise<object>
}

/** Those of all APIs. */
export const CHAT_CLIENTS: Readonly<Record<ChatClientName, ChatClient>> = {
  'ollama-chat': {
    path: '/api/chat',
    async ask(place, { body, isStreamed, signal }) {
      const request = body as unknown as ChatRequest
      if (!isStreamed) return await ollamaOf(place, signal).chat({ ...request, stream: false })
      const lines = await allOf(await ollamaOf(place, signal).chat({ ...request, stream: true }))
      const said = lines.map(({ message }) => message)
      const calls = said.flatMap(({ tool_calls }) => tool_calls ?? [])
      const message = {
        role: 'assistant',
        content: joined(said.map(({ content }) => content)),
        thinking: joined(said.map(({ thinking }) => thinking)),
        ...(calls.length > 0 && { tool_calls: calls }),
      }
      return { ...lines.at(-1), message }
    },
  },
  'ollama-generate': {
    path: '/api/generate',
    async ask(place, { body, isStreamed, signal }) {
      const request = body as unknown as GenerateRequest
      if (!isStreamed) return await ollamaOf(place, signal).generate({ ...request, stream: false })
      const lines = await allOf(await ollamaOf(place, signal).generate({ ...request, stream: true }))
      const response = joined(lines.map((line) => line.response))
      return { ...lines.at(-1), response, thinking: joined(lines.map(({ thinking }) => thinking)) }
    },
  },
  'openai-chat': {
    path: '/v1/chat/completions',
    async ask(place, { body, isStreamed, signal }) {
      const { completions } = openaiOf(place).chat
      const request = body as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming
      if (!isStreamed) {
        const completion = await completions.create(request, { signal })
        return withThought(completion, thoughtIn(completion.choices[0]?.message))
      }
      const stream = completions.stream({ ...request, stream: true, ...WITH_USAGE }, { signal })
      // Of thoughts, which its types do not know, the library keeps the last piece.
      let thought = ''
      for await (const { choices } of stream) thought += thoughtIn(choices[0]?.delta)
      return withThought(await stream.finalChatCompletion(), thought)
    },
  },
  'openai-completions': {
    path: '/v1/completions',
    async ask(place, { body, isStreamed, signal }) {
      const { completions } = openaiOf(place)
      const request = body as unknown as OpenAI.CompletionCreateParamsNonStreaming
      if (!isStreamed) return await completions.create(request, { signal })
      const chunks = await allOf(await completions.create({ ...request, stream: true, ...WITH_USAGE }, { signal }))
      const choices = chunks.flatMap((chunk) => chunk.choices)
      const text = joined(choices.map((choice) => choice.text))
      return { ...chunks.at(-1), choices: [{ ...choices.at(-1), text }] }
    },
  },
  'openai-responses': {
    path: '/v1/responses',
    async ask(place, { body, isStreamed, signal }) {
      const { responses } = openaiOf(place)
      const request = body as unknown as OpenAI.Responses.ResponseCreateParamsNonStreaming
      if (!isStreamed) return await responses.create(request, { signal })
      const response = await responses.stream({ ...request, stream: true }, { signal }).finalResponse()
      if (response.status === 'failed') throw new Error(response.error?.message)
      return response
    },
  },
  'anthropic-messages': {
    path: '/v1/messages',
    async ask({ url, key, fetch }, { body, isStreamed, signal }) {
      const { messages } = new Anthropic({ baseURL: url, apiKey: key, authToken: null, maxRetries: 0, fetch })
      const request = { max_tokens: 99, ...body } as unknown as Anthropic.MessageCreateParamsNonStreaming
      if (!isStreamed) return await messages.create(request, { signal })
      return await messages.stream(request, { signal }).finalMessage()
    },
  },
}

const WITH_USAGE = { stream_options: { include_usage: true } } as const

/** What servers add to OpenAI's messages, by the one name or the other. */
function thoughtIn(message: object = {}): string {
  const { reasoning, reasoning_content: content }: { reasoning?: string; reasoning_content?: string } = message
  return reasoning ?? content ?? ''
}

function withThought(completion: OpenAI.ChatCompletion, thought: string): object {
  const [choice] = completion.choices
  return { ...completion, choices: [{ ...choice, message: { ...choice?.message, thought } }] }
}

/** Ollama's library takes no signal but through its `fetch`. */
export function ollamaOf({ url, key, fetch }: ClientPlace, signal: AbortSignal): Ollama {
  return new Ollama({
    host: url,
    headers: { authorization: `Bearer ${key}` },
    fetch: (input, init) =>
      fetch(input, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, signal]) : signal }),
  })
}

/** OpenAI's, which tries nothing twice. */
export function openaiOf({ url, key, fetch }: ClientPlace): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch })
}

async function allOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

function joined(texts: readonly (string | undefined)[]): string {
  return texts.join('')
}
