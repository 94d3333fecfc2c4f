import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FormatName, StreamForm, StreamObserver } from './format.ts'
import { FORMATS } from './formats.ts'
import { MAX_WATCHED_LINE_BYTES } from './line-watcher.ts'

const FOLDER = new URL('../../test/fixtures/streams/', import.meta.url)

interface Facts {
  readonly outcome: 'complete' | 'failed'
  /** Prompt, completion and cached tokens. */
  readonly usage: readonly [number | undefined, number | undefined, number | undefined]
  readonly model: string | undefined
  readonly contentFrames: number
  /** Default: none. */
  readonly toolCalls?: Readonly<Record<string, number>>
}

const NONE = [undefined, undefined, undefined] as const

/** What each recorded stream says, read by hand. The file's name starts with its format. */
const STREAMS: Readonly<Record<string, Facts>> = {
  'anthropic-messages-fails': {
    outcome: 'failed',
    usage: [7, undefined, undefined],
    model: 'llama3.2',
    contentFrames: 1,
  },
  'anthropic-messages-llama-server': { outcome: 'complete', usage: [22, 8, 21], model: 'tiny', contentFrames: 7 },
  'anthropic-messages-ollama': { outcome: 'complete', usage: [26, 3, undefined], model: 'llama3.2', contentFrames: 2 },
  'anthropic-messages-tools': {
    outcome: 'complete',
    usage: [2109, 37, 2000],
    model: 'claude-local-qwen3',
    contentFrames: 7,
    toolCalls: { f: 1 },
  },
  'llama-completion-fails': { outcome: 'failed', usage: NONE, model: undefined, contentFrames: 1 },
  // The end-of-text token has an empty frame of its own, which is not looked into.
  'llama-completion-llama-server': { outcome: 'complete', usage: [3, 8, 2], model: 'tiny', contentFrames: 8 },
  'llama-completion-quotes-markers': { outcome: 'complete', usage: [3, 3, 1], model: 'tiny', contentFrames: 3 },
  'ollama-chat-speaks': { outcome: 'complete', usage: [26, 5, undefined], model: 'llama3.2:latest', contentFrames: 5 },
  'ollama-chat-fails': { outcome: 'failed', usage: NONE, model: 'llama3.2:latest', contentFrames: 2 },
  'ollama-generate-speaks': { outcome: 'complete', usage: [9, 2, undefined], model: 'qwen3:8b', contentFrames: 2 },
  'ollama-chat-load': { outcome: 'complete', usage: NONE, model: 'llama3.2:latest', contentFrames: 0 },
  'ollama-chat-quotes-markers': {
    outcome: 'complete',
    usage: [26, 6, undefined],
    model: 'llama3.2:latest',
    contentFrames: 5,
  },
  'ollama-chat-tools': {
    outcome: 'complete',
    usage: [171, 19, undefined],
    model: 'llama3.2:latest',
    contentFrames: 1,
    toolCalls: { weather: 1 },
  },
  'ollama-progress-fails': { outcome: 'failed', usage: NONE, model: undefined, contentFrames: 0 },
  'ollama-progress-pull': { outcome: 'complete', usage: NONE, model: undefined, contentFrames: 0 },
  'openai-chat-fails': { outcome: 'failed', usage: NONE, model: 'llama3.2', contentFrames: 2 },
  'openai-chat-fails-by-event': { outcome: 'failed', usage: NONE, model: 'llama3.2', contentFrames: 1 },
  'openai-chat-llama-server': { outcome: 'complete', usage: [22, 8, 0], model: 'tiny', contentFrames: 7 },
  'openai-completions-llama-server': { outcome: 'complete', usage: [3, 8, 1], model: 'tiny', contentFrames: 8 },
  // From here on the chunk with the finish reason is not looked into, and counts.
  'openai-chat-llama-server-usage': { outcome: 'complete', usage: [22, 8, 21], model: 'tiny', contentFrames: 8 },
  'openai-chat-null-usage': { outcome: 'complete', usage: [10, 2, 8], model: 'gpt-oss-20b', contentFrames: 3 },
  'openai-chat-ollama-tools': {
    outcome: 'complete',
    usage: [31, 12, undefined],
    model: 'llama3.2',
    contentFrames: 6,
    toolCalls: { f: 1 },
  },
  'openai-chat-quotes-markers': { outcome: 'complete', usage: NONE, model: 'llama3.2', contentFrames: 6 },
  'openai-chat-vllm-continuous-usage': {
    outcome: 'complete',
    usage: [15, 2, undefined],
    model: 'Qwen/Qwen3-8B',
    contentFrames: 2,
  },
  'openai-responses-completes': { outcome: 'complete', usage: [81, 11, 64], model: 'gpt-oss:20b', contentFrames: 4 },
  'openai-responses-fails': { outcome: 'failed', usage: NONE, model: 'gpt-oss:20b', contentFrames: 1 },
  'openai-responses-fails-by-error': { outcome: 'failed', usage: NONE, model: 'gpt-oss:20b', contentFrames: 0 },
  'openai-responses-incomplete': { outcome: 'complete', usage: [81, 11, 64], model: 'gpt-oss:20b', contentFrames: 2 },
  'openai-responses-llama-server': { outcome: 'complete', usage: [22, 8, 21], model: 'tiny', contentFrames: 7 },
}

const STREAMED = Object.values(FORMATS).flatMap(({ name, stream }) => (stream === undefined ? [] : [name]))

function formatOf(name: string): FormatName {
  const format = STREAMED.find((candidate) => name.startsWith(`${candidate}-`))
  if (format === undefined) throw new Error(`${name} starts with no format`)
  return format
}

function formOf(format: FormatName): StreamForm {
  const { stream } = FORMATS[format]
  if (stream === undefined) throw new Error(`${format} has no streams`)
  return stream
}

const observeStream = (format: FormatName) => formOf(format).observe()

function factsOf(observer: StreamObserver): Facts | { readonly outcome: 'open' } {
  const { outcome, usage, model, contentFrames } = observer
  if (outcome === 'open') return { outcome }
  const facts = [usage.promptTokens, usage.completionTokens, usage.cachedTokens] as const
  const calls = observer.toolCalls.size === 0 ? {} : { toolCalls: Object.fromEntries(observer.toolCalls) }
  return { outcome, usage: facts, model, contentFrames, ...calls }
}

function observeText(format: FormatName, ...texts: readonly string[]): StreamObserver {
  const observer = observeStream(format)
  for (const text of texts) observer.push(Buffer.from(text))
  return observer
}

const isNdjson = (format: FormatName) => formOf(format).framing === 'lines'

describe.each(Object.entries(STREAMS))('the stream %s', (name, facts) => {
  const format = formatOf(name)
  const text = readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8')
  const withCrlf = text.replaceAll('\n', '\r\n')
  const variants = isNdjson(format) ? [text, withCrlf] : [text, withCrlf, text.replaceAll('\n', '\r')]

  it('says the same however its bytes are split', () => {
    const variant = fc.nat(variants.length - 1)
    const cuts = fc.array(fc.nat(Buffer.byteLength(withCrlf)), { maxLength: 40 })
    fc.assert(
      fc.property(variant, cuts, (index, offsets) => {
        const bytes = Buffer.from(variants[index] ?? '')
        const observer = observeStream(format)
        let start = 0
        for (const end of [...offsets.toSorted((a, b) => a - b), bytes.length]) {
          observer.push(bytes.subarray(start, Math.max(start, end)))
          start = Math.max(start, end)
        }
        expect(factsOf(observer)).toEqual(facts)
      }),
      { numRuns: 60 },
    )
  })

  it.each(variants)('says the same byte by byte, and is between frames only after a whole one', (variant) => {
    const observer = observeStream(format)
    expect(observer.isBetweenFrames).toBe(true)
    const frameEnd = isNdjson(format) ? /\n$/ : /(?:\n\n|\r\n\r\n)$/
    const bytes = Buffer.from(variant)
    for (let i = 0; i < bytes.length; i++) {
      observer.push(bytes.subarray(i, i + 1))
      expect(observer.isBetweenFrames).toBe(frameEnd.test(bytes.toString('latin1', Math.max(0, i - 4), i + 1)))
    }
    expect(factsOf(observer)).toEqual(facts)
  })

  it('is open until the line that ends it has passed', () => {
    const bytes = Buffer.from(text)
    const observer = observeStream(format)
    let end = 0
    while (end < bytes.length && observer.outcome === 'open') {
      observer.push(bytes.subarray(end, end + 1))
      end++
    }
    expect(bytes[end - 1]).toBe(0x0a)
    const decidingLine = bytes
      .subarray(0, end - 1)
      .toString()
      .split('\n')
      .at(-1)
    if (facts.outcome === 'complete') expect(bytes.toString('utf8', end).trim()).toBe('')
    else expect(decidingLine).toMatch(/error|crashed/)
  })

  it('is not changed by what comes after its end', () => {
    const tail = isNdjson(format)
      ? '{"error":"late"}\n{"status":"success","done":true,"prompt_eval_count":1}\n'
      : 'data: {"type":"error","error":{"message":"late"}}\n\ndata: [DONE]\n\ndata: {"type":"message_stop"}\n\n'
    const observer = observeText(format, text, tail)
    expect(factsOf(observer)).toEqual(facts)
    expect(observer.isBetweenFrames).toBe(true)
  })
})

describe('observe', () => {
  it('has a recorded stream for every file, and a file for every one', () => {
    expect(readdirSync(FOLDER).toSorted()).toEqual(
      Object.keys(STREAMS)
        .map((name) => `${name}.txt`)
        .toSorted(),
    )
  })

  it.each(STREAMED)('takes keep-alives, blank lines and garbage in %s for nothing', (format) => {
    const keepAlive = formOf(format).keepAlive ?? '\n'
    const observer = observeText(
      format,
      keepAlive,
      keepAlive,
      '\n',
      isNdjson(format) ? 'x\n[1]\nnull\n"true"\n' : 'data: x\n\ndata: [1]\n\ndata\n\n',
    )
    expect(observer.outcome).toBe('open')
    expect(observer.model).toBeUndefined()
    expect(observer.contentFrames).toBe(0)
    expect(observer.isBetweenFrames).toBe(true)
  })

  it('knows no error event once it is over', () => {
    const observer = observeText('openai-chat', 'event: error\n\ndata: {"model":"m","choices":[]}\n\ndata: [DONE]\n\n')
    expect(observer.outcome).toBe('complete')
  })

  it('does not take a null error for one', () => {
    expect(observeText('openai-chat', 'data: {"error":null,"choices":[]}\n\n').outcome).toBe('open')
    expect(observeText('openai-chat', 'data: {"error":"x"}\n\n').outcome).toBe('failed')
  })

  it('keeps the counts that a later event leaves out, as null or zero', () => {
    const observer = observeText(
      'anthropic-messages',
      'data: {"type":"message_start","message":{"usage":{"input_tokens":9,"cache_read_input_tokens":20}}}\n\n',
      'data: {"type":"message_delta","usage":{"input_tokens":0,"cache_read_input_tokens":null,"output_tokens":3}}\n\n',
    )
    expect(observer.usage).toEqual({ promptTokens: 29, completionTokens: 3, cachedTokens: 20 })
  })

  it('keeps no chunk', () => {
    const observer = observeStream('ollama-chat')
    for (const part of ['{"model":"m","do', 'ne":true,"eval_', 'count":3}\n']) {
      const chunk = Buffer.from(part)
      observer.push(chunk)
      chunk.fill(0)
    }
    expect([observer.outcome, observer.model, observer.usage.completionTokens]).toEqual(['complete', 'm', 3])
  })

  it('takes only counts for counts', () => {
    const line = '{"done":true,"prompt_eval_count":"9","eval_count":-1,"model":7}\n'
    expect(factsOf(observeText('ollama-chat', line))).toEqual({
      outcome: 'complete',
      usage: NONE,
      model: undefined,
      contentFrames: 0,
    })
  })

  it.each(['ollama-chat', 'openai-chat'] as const)(
    'passes over a line of %s that is too long, and no other',
    (format) => {
      const prefix = isNdjson(format) ? '' : 'data: '
      const end = isNdjson(format) ? '\n' : '\n\n'
      const last = isNdjson(format) ? '{"done":true,"eval_count":3}' : '[DONE]'
      const long = Buffer.alloc(MAX_WATCHED_LINE_BYTES / 2 + 1, 0x20)
      const observer = observeText(format, prefix, '{"error":"x"')
      observer.push(long)
      observer.push(long)
      observer.push(Buffer.from(`}${end}`))
      expect(observer.outcome).toBe('open')
      expect(observer.isBetweenFrames).toBe(true)
      observer.push(Buffer.from(`${prefix}${last}${end}`))
      expect(observer.outcome).toBe('complete')
    },
  )

  it('reads a line of many chunks that is not too long', () => {
    const observer = observeText('ollama-chat', '{"done":true,"context":[1')
    const numbers = Buffer.from(',12345'.repeat(100_000))
    observer.push(numbers)
    observer.push(numbers)
    expect(observer.isBetweenFrames).toBe(false)
    observer.push(Buffer.from('],"eval_count":3}\n'))
    expect(observer.outcome).toBe('complete')
    expect(observer.usage.completionTokens).toBe(3)
  })
})
