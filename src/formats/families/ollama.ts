import type { PunkuError } from '../../core/error.ts'
import { type AnswerPart, called, counted, type PartsReader, said, stopped } from '../answer-parts.ts'
import type { AnswerHead, AnswerTail, AnswerWriter } from '../answer-writer.ts'
import type { FormatName, StreamedFormat, Usage, WireFormat } from '../format.ts'
import { asCount, asList, asObject, asText, asTokens, type JsonObject } from '../json-facts.ts'
import { lineStream } from '../stream-form.ts'
import type { FrameWatch } from '../stream-watcher.ts'
import { ToolCallTally } from '../tool-calls.ts'
import { answerReader } from '../whole-answer.ts'
import { countOllamaCalls } from './call-counters.ts'
import { likely } from './logprobs.ts'

const NS_PER_MS = 1_000_000
const NOTHING = /(?!)/

/**
 * Ollama's error, as a whole body and as a line of a stream: a bare text (its `api.StatusError`). It has no place for a
 * code, so the status and the text tell all.
 */
export function ollamaError(error: PunkuError): string {
  return JSON.stringify({ error: error.text })
}

/** The same as a whole answer. Of a 401 Ollama's command line reads `status` alone, and else says "something went wrong". */
export function ollamaRefusal(error: PunkuError): string {
  return error.status === 401 ? JSON.stringify({ error: error.text, status: error.text }) : ollamaError(error)
}

/** `/api/chat`. */
export const ollamaChat: StreamedFormat = {
  ...answered('ollama-chat', chatReader, ({ message }) => asObject(message) !== undefined),
  write: (head) => answerWriter(head, (content) => ({ message: { role: 'assistant', content } })),
}

/** `/api/generate`. */
export const ollamaGenerate: StreamedFormat = {
  ...answered(
    'ollama-generate',
    () => (line) => [
      ...said('reasoning', line['thinking']),
      ...said('text', line['response']),
      ...likely(line['logprobs']),
    ],
    ({ response }) => typeof response === 'string',
  ),
  write: (head) => answerWriter(head, (response) => ({ response })),
}

/** `/api/embed` and the older `/api/embeddings`. */
export const ollamaEmbed: WireFormat = {
  name: 'ollama-embed',
  stream: undefined,
  readAnswer: answerReader(usageOf),
}

/** Progress of `/api/pull`, `/api/push` and `/api/create`. */
export const ollamaProgress: StreamedFormat = {
  name: 'ollama-progress',
  stream: lineStream({
    watch: watchProgress,
    reader: () => (line) => (line['status'] === 'success' ? [{ kind: 'end' }] : []),
    errorLine: ollamaError,
  }),
  readAnswer: answerReader(usageOf),
}

/**
 * A whole answer is as a stream of one line.
 *
 * @param saidBy begins to read what lines say before their end
 * @param isAnswer whether a whole answer is one: else it says nothing, not even its end
 */
function answered(
  name: FormatName,
  saidBy: () => PartsReader,
  isAnswer: (answer: JsonObject) => boolean,
): StreamedFormat {
  const reader = (): PartsReader => {
    const saidIn = saidBy()
    return (line) => (line['done'] === true ? [...saidIn(line), ...partsOfEnd(line)] : saidIn(line))
  }
  return {
    name,
    stream: lineStream({ watch: watchAnswer, reader, errorLine: ollamaError }),
    readAnswer: answerReader(usageOf, { marker: /tool_calls"/, count: countOllamaCalls }),
    partsOfAnswer: (answer) => (isAnswer(answer) ? reader()(answer) : []),
  }
}

function partsOfEnd(line: JsonObject): readonly AnswerPart[] {
  return [...stopped(line['done_reason']), ...counted(usageOf(line)), { kind: 'end' }]
}

/** Calls come whole, and are counted over the stream: each line may number its own from 0 again. */
function chatReader(): PartsReader {
  let calls = 0
  return (line) => {
    const message = asObject(line['message']) ?? {}
    return [
      ...said('reasoning', message['thinking']),
      ...said('text', message['content']),
      ...likely(line['logprobs']),
      ...asList(message['tool_calls']).flatMap((value) => {
        const call = asObject(value) ?? {}
        const { name, arguments: given } = asObject(call['function']) ?? {}
        return called(calls++, call['id'], name, given)
      }),
    ]
  }
}

/** Each line but the last carries about one token. */
function watchAnswer(): FrameWatch {
  const tally = new ToolCallTally()
  return {
    marker: /true|error"|tool_calls"/,
    toolCalls: tally.counts,
    read(line) {
      countOllamaCalls(line, tally)
      const model = asText(line['model'])
      if (line['done'] !== true) return { model, isContent: line['error'] === undefined }
      return { outcome: 'complete', usage: usageOf(line), model, isContent: false }
    },
  }
}

/** No line carries content. */
function watchProgress(): FrameWatch {
  return {
    marker: /success"|error"/,
    contentMarker: NOTHING,
    read(line) {
      return line['status'] === 'success' ? { outcome: 'complete', isContent: false } : { isContent: false }
    },
  }
}

/**
 * The counts of a final line or whole answer. `prompt_eval_count` holds the cached tokens; how many, Ollama does not
 * say. It leaves a zero out, which cannot be told from a count nobody made.
 */
function usageOf(answer: JsonObject): Usage {
  const loadNs = asCount(answer['load_duration'])
  return {
    promptTokens: asTokens(answer['prompt_eval_count']),
    completionTokens: asTokens(answer['eval_count']),
    cachedTokens: undefined,
    loadMs: loadNs === undefined ? undefined : loadNs / NS_PER_MS,
  }
}

function answerWriter(head: AnswerHead, content: (text: string) => object): AnswerWriter {
  const lineOf = (value: object) =>
    JSON.stringify({ model: head.model, created_at: new Date(head.atMs).toISOString(), ...value })
  const last = ({ completionTokens, durationMs }: AnswerTail) => ({
    done: true,
    done_reason: 'stop',
    total_duration: durationMs * NS_PER_MS,
    prompt_eval_count: head.promptTokens,
    eval_count: completionTokens,
  })
  return {
    begin: () => '',
    text: (piece) => `${lineOf({ ...content(piece), done: false })}\n`,
    end: (tail) => `${lineOf({ ...content(''), ...last(tail) })}\n`,
    whole: (text, tail) => lineOf({ ...content(text), ...last(tail) }),
  }
}
