import type { AnswerPart } from '../../../src/formats/answer-parts.ts'
import { anthropicMessages } from '../../../src/formats/families/anthropic.ts'
import { ollamaChat } from '../../../src/formats/families/ollama.ts'
import { openaiChat } from '../../../src/formats/families/openai-chat.ts'
import type { StreamedFormat } from '../../../src/formats/format.ts'
import { FrameSplitter, frameReader } from '../../../src/formats/frames.ts'
import type { ChatDialect } from './chat-request.ts'

const FORMATS: Readonly<Record<ChatDialect, StreamedFormat>> = {
  openai: openaiChat,
  anthropic: anthropicMessages,
  ollama: ollamaChat,
}

/**
 * The parts of a streamed answer as they come; the last is always `end` or `failed`. Leaving the loop early gives up the
 * stream.
 */
export async function* readAnswer(body: ReadableStream<Uint8Array>, dialect: ChatDialect): AsyncGenerator<AnswerPart> {
  const form = FORMATS[dialect].stream
  const splitter = new FrameSplitter(form.framing)
  const partsOf = frameReader(form)
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      const frames = done ? splitter.end() : splitter.push(value)
      for (const part of frames.flatMap(partsOf)) {
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
