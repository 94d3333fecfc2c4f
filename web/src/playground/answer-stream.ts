import {
  type AnswerPart,
  type AnswerReader,
  type ChatDialect,
  readAnthropic,
  readOllama,
  readOpenai,
} from './answer-readers.ts'
import { FrameSplitter } from './frames.ts'

const FORMATS: Readonly<Record<ChatDialect, { readonly framing: 'events' | 'lines'; readonly read: AnswerReader }>> = {
  openai: { framing: 'events', read: readOpenai },
  anthropic: { framing: 'events', read: readAnthropic },
  ollama: { framing: 'lines', read: readOllama },
}

/**
 * The parts of a streamed answer as they come; the last is always `end` or `failed`. Leaving the loop early gives up the
 * stream.
 */
export async function* readAnswer(body: ReadableStream<Uint8Array>, dialect: ChatDialect): AsyncGenerator<AnswerPart> {
  const { framing, read } = FORMATS[dialect]
  const splitter = new FrameSplitter(framing)
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      const frames = done ? splitter.end() : splitter.push(value)
      for (const part of frames.flatMap(read)) {
        yield part
        if (part.kind === 'end' || part.kind === 'failed') return
      }
      if (done) {
        yield { kind: 'failed', message: 'The answer broke off: the connection ended before the model was done.' }
        return
      }
    }
  } finally {
    // A stream that broke has nothing left to give up.
    await reader.cancel().catch(() => undefined)
  }
}
