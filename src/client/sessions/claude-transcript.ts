import {
  CallsById,
  countOf,
  ModelNames,
  plainText,
  TimeSpan,
  type TranscriptCounter,
  type TranscriptLine,
  transcriptFields,
} from './transcript.ts'

/** What Claude Code calls what it says itself in the place of a model. */
const NO_MODEL = '<synthetic>'

interface Tokens {
  readonly prompt: number
  readonly completion: number
  readonly cached: number
}

/**
 * Counts a session of Claude Code, of its own files or of `--output-format stream-json`. One answer stands on several
 * lines, a line for each block of it, and each repeats the usage of all: it counts once, by the message's id. In a stream
 * those lines come before the answer has ended, and the line of the result has the sums.
 */
export class ClaudeTranscript implements TranscriptCounter {
  readonly #calls = new CallsById()
  readonly #models = new ModelNames()
  readonly #span = new TimeSpan()
  readonly #messages = new Map<string, Tokens>()
  #id: string | undefined
  #version: string | undefined
  #errors = 0
  #result: TranscriptLine | undefined

  add(line: TranscriptLine): void {
    this.#id ??= plainText(line['sessionId'] ?? line['session_id'])
    this.#version ??= plainText(line['version'] ?? line['claude_code_version'])
    this.#span.add(line['timestamp'])
    if (line['type'] === 'assistant') this.#addMessage(line)
    else if (line['type'] === 'system' && line['subtype'] === 'api_error') this.#errors++
    else if (line['type'] === 'result') {
      this.#result = line
      if (line['is_error'] === true) this.#errors++
    }
  }

  record(): ReturnType<TranscriptCounter['record']> {
    if (this.#id === undefined || (this.#messages.size === 0 && this.#errors === 0)) return undefined
    const tokens = this.#resultTokens() ?? [...this.#messages.values()].reduce(plus, NONE)
    const { total_cost_usd: cost, duration_ms: duration } = this.#result ?? {}
    return {
      form: 1,
      id: this.#id,
      tool: 'claude',
      toolVersion: this.#version ?? null,
      models: this.#models.list(),
      firstAt: this.#span.firstAt,
      wallMs: typeof duration === 'number' && duration >= 0 ? duration : this.#span.wallMs,
      turns: this.#messages.size,
      errors: this.#errors,
      promptTokens: tokens.prompt,
      completionTokens: tokens.completion,
      cachedTokens: tokens.cached,
      cost: typeof cost === 'number' && cost >= 0 ? cost : null,
      toolCalls: this.#calls.list(),
    }
  }

  #addMessage(line: TranscriptLine): void {
    const message = transcriptFields(line['message'])
    if (line['isApiErrorMessage'] === true) this.#errors++
    const { id, model, usage, content } = message
    if (typeof id !== 'string' || model === NO_MODEL) return
    this.#models.add(model)
    const told = tokensOf(transcriptFields(usage))
    const known = this.#messages.get(id)
    // Each line knows as much as the one before it, or more.
    this.#messages.set(id, known === undefined ? told : most(known, told))
    for (const value of Array.isArray(content) ? content : []) {
      const block = transcriptFields(value)
      if (block['type'] === 'tool_use') this.#calls.add(block['id'], block['name'])
    }
  }

  /** What the last result sums up: by model, with what was asked beside the turns, else of the turns alone. */
  #resultTokens(): Tokens | undefined {
    if (this.#result === undefined) return undefined
    const byModel = Object.values(transcriptFields(this.#result['modelUsage'])).map((value) => {
      const used = transcriptFields(value)
      const cached = countOf(used['cacheReadInputTokens'])
      const prompt = countOf(used['inputTokens']) + countOf(used['cacheCreationInputTokens']) + cached
      return { prompt, completion: countOf(used['outputTokens']), cached }
    })
    if (byModel.length > 0) return byModel.reduce(plus, NONE)
    const total = tokensOf(transcriptFields(this.#result['usage']))
    return total.prompt + total.completion > 0 ? total : undefined
  }
}

const NONE: Tokens = { prompt: 0, completion: 0, cached: 0 }

function tokensOf(usage: TranscriptLine): Tokens {
  const cached = countOf(usage['cache_read_input_tokens'])
  const prompt = countOf(usage['input_tokens']) + countOf(usage['cache_creation_input_tokens']) + cached
  return { prompt, completion: countOf(usage['output_tokens']), cached }
}

function plus(one: Tokens, other: Tokens): Tokens {
  return {
    prompt: one.prompt + other.prompt,
    completion: one.completion + other.completion,
    cached: one.cached + other.cached,
  }
}

function most(one: Tokens, other: Tokens): Tokens {
  return {
    prompt: Math.max(one.prompt, other.prompt),
    completion: Math.max(one.completion, other.completion),
    cached: Math.max(one.cached, other.cached),
  }
}
