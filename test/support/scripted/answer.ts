/** What a scripted upstream would answer if nothing went wrong, and what its kind of answer breaks like. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The body: one frame of a stream after another, or a single one. */
  readonly frames: readonly string[]
  /** How many of the last frames say that the stream is complete; 0 where the body's own length says so. */
  readonly terminatorFrames: number
  /** A frame that reports a failure in the middle of this stream. */
  readonly errorFrame: (message: string) => string
  /** A frame of this stream that carries `text` as content. */
  readonly contentFrame: (text: string) => string
}

/** The facts of a request that its answer depends on. */
export interface Question {
  /** As the request spells it. */
  readonly model: string
  readonly body: Readonly<Record<string, unknown>>
  /** What the model thinks before it speaks, a word a token. */
  readonly thoughts: readonly string[]
  /** What the model says, a word a token. */
  readonly words: readonly string[]
  /** The tools the model calls instead of speaking, all at once. */
  readonly calls: readonly ScriptedCall[]
  readonly stop: ScriptedStop
}

export interface ScriptedCall {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

/** Why a model stops: it is done, it may say no more, or it wrote a stop sequence. */
export type ScriptedStop = 'end' | 'length' | { readonly sequence: string }

/** How the answers of a server differ from those of others in the same API. */
export interface Manners {
  /** Whether it counts cached tokens: Ollama does not. */
  readonly knowsCachedTokens: boolean
  /** What it calls a thought in chat completions. */
  readonly thoughtField: 'reasoning' | 'reasoning_content'
  /** Whether a choice says which stop sequence was met: vLLM's do. */
  readonly namesStopSequence: boolean
  /** What the first delta of a stream has for content: llama-server's has null. */
  readonly firstContent: '' | null
}

/** The id of a call, by its place among those of an answer. */
export function callId(index: number, prefix = 'call'): string {
  return `${prefix}_scripted${index === 0 ? '' : `_${index + 1}`}`
}

export const SCRIPTED_WORDS = ['Hello', ' from', ' a', ' scripted', ' mødel', ' 👋'] as const
export const SCRIPTED_TEXT: string = SCRIPTED_WORDS.join('')
export const SCRIPTED_TOOL_ARGUMENTS = { city: 'Cuzco', unit: '°C' } as const
/** What every answer says it used. Servers that know their cache count 4 of the prompt's tokens as cached. */
export const SCRIPTED_USAGE = { promptTokens: 9, completionTokens: SCRIPTED_WORDS.length, cachedTokens: 4 } as const
/** Seconds since the epoch, for the fields that say when. */
export const SCRIPTED_CREATED = 1_767_225_600
export const SCRIPTED_EMBEDDING = [0.5, -0.25, 0.125, 0.75] as const

export function jsonAnswer(body: unknown, status = 200): Answer {
  return wholeAnswer(status, 'application/json; charset=utf-8', JSON.stringify(body))
}

export function textAnswer(body: string, status = 200): Answer {
  return wholeAnswer(status, 'text/plain; charset=utf-8', body)
}

function wholeAnswer(status: number, contentType: string, body: string): Answer {
  return {
    status,
    headers: { 'content-type': contentType, 'content-length': String(Buffer.byteLength(body)) },
    frames: body === '' ? [] : [body],
    terminatorFrames: 0,
    errorFrame: (message) => JSON.stringify({ error: message }),
    contentFrame: (text) => text,
  }
}

export function ndjsonAnswer(
  lines: readonly unknown[],
  contentLine: (text: string) => unknown,
  terminatorFrames = 1,
): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/x-ndjson' },
    frames: lines.map(renderLine),
    terminatorFrames,
    errorFrame: (message) => renderLine({ error: message }),
    contentFrame: (text) => renderLine(contentLine(text)),
  }
}

export function sseAnswer(answer: Omit<Answer, 'status' | 'headers'>): Answer {
  return { status: 200, headers: { 'content-type': 'text/event-stream' }, ...answer }
}

export function sseData(data: unknown): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
}

/** An event whose name is its data's own `type`. */
export function sseEvent(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${data.type}\n${sseData(data)}`
}

function renderLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

/** How many vectors an embeddings request asks for: a list of numbers is one input, already in tokens. */
export function countInputs(input: unknown): number {
  return Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1
}
