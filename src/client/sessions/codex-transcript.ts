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

const CALLS: ReadonlySet<unknown> = new Set(['function_call', 'custom_tool_call'])
const ERRORS: ReadonlySet<unknown> = new Set(['error', 'stream_error'])

/**
 * Counts a session of Codex, of its rollout file. What was used is told again and again as the sum so far: the greatest
 * counts. Each answer has a record of its own by its id; older versions have but the sums, which grow with each answer.
 */
export class CodexTranscript implements TranscriptCounter {
  readonly #calls = new CallsById()
  readonly #models = new ModelNames()
  readonly #span = new TimeSpan()
  readonly #responses = new Set<string>()
  #id: string | undefined
  #version: string | undefined
  #total: TranscriptLine = {}
  #growths = 0
  #errors = 0

  add(line: TranscriptLine): void {
    this.#span.add(line['timestamp'])
    const payload = transcriptFields(line['payload'])
    switch (line['type']) {
      case 'session_meta':
        this.#id ??= plainText(payload['id'])
        this.#version ??= plainText(payload['cli_version'])
        break
      case 'turn_context':
        this.#models.add(payload['model'])
        break
      case 'response_item':
        this.#addItem(payload)
        break
      case 'token_usage_record':
        if (typeof payload['response_id'] === 'string') this.#responses.add(payload['response_id'])
        this.#sumIs(transcriptFields(payload['thread_token_usage']))
        break
      case 'event_msg':
        if (payload['type'] === 'token_count')
          this.#sumIs(transcriptFields(transcriptFields(payload['info'])['total_token_usage']))
        else if (ERRORS.has(payload['type'])) this.#errors++
    }
  }

  record(): ReturnType<TranscriptCounter['record']> {
    const turns = this.#responses.size > 0 ? this.#responses.size : this.#growths
    if (this.#id === undefined || (turns === 0 && this.#errors === 0)) return undefined
    return {
      form: 1,
      id: this.#id,
      tool: 'codex',
      toolVersion: this.#version ?? null,
      models: this.#models.list(),
      firstAt: this.#span.firstAt,
      wallMs: this.#span.wallMs,
      turns,
      errors: this.#errors,
      promptTokens: countOf(this.#total['input_tokens']),
      completionTokens: countOf(this.#total['output_tokens']),
      cachedTokens: countOf(this.#total['cached_input_tokens']),
      cost: null,
      toolCalls: this.#calls.list(),
    }
  }

  #addItem(item: TranscriptLine): void {
    const id = item['call_id'] ?? item['id']
    const { namespace, name } = item
    if (CALLS.has(item['type'])) this.#calls.add(id, typeof namespace === 'string' ? `${namespace}.${name}` : name)
    else if (item['type'] === 'local_shell_call') this.#calls.add(id, 'local_shell')
  }

  #sumIs(total: TranscriptLine): void {
    if (sumOf(total) <= sumOf(this.#total)) return
    this.#total = total
    this.#growths++
  }
}

function sumOf(total: TranscriptLine): number {
  return countOf(total['input_tokens']) + countOf(total['output_tokens'])
}
