import { describe, expect, it } from 'vitest'
import type { AnswerPart } from '../../../src/formats/answer-parts.ts'
import { readAnswer } from './answer-stream.ts'
import type { ChatDialect } from './chat-request.ts'

/** A stream that gives these bytes in pieces of this length; with `breaks` it fails after the last. */
function streamOf(
  text: string,
  pieceLength = 7,
  breaks?: Error,
): ReadableStream<Uint8Array> & { wasCancelled?: boolean } {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  const stream: ReadableStream<Uint8Array> & { wasCancelled?: boolean } = new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, at + pieceLength))
      else if (breaks === undefined) controller.close()
      else controller.error(breaks)
      at += pieceLength
    },
    cancel() {
      stream.wasCancelled = true
    },
  })
  return stream
}

async function all(dialect: ChatDialect, stream: ReadableStream<Uint8Array>): Promise<AnswerPart[]> {
  const parts: AnswerPart[] = []
  for await (const part of readAnswer(stream, dialect)) parts.push(part)
  return parts
}

const openai = 'data: {"choices":[{"delta":{"content":"世界"}}]}\n\ndata: [DONE]\n\n'

describe('readAnswer', () => {
  it('reads each dialect, also where a letter is cut in two', async () => {
    const text = { kind: 'text', text: '世界' }
    expect(await all('openai', streamOf(openai, 1))).toEqual([text, { kind: 'end' }])
    expect(
      await all('ollama', streamOf('{"message":{"content":"世界"},"done":false}\n{"message":{},"done":true}', 1)),
    ).toEqual([text, { kind: 'end' }])
    expect(
      await all(
        'anthropic',
        streamOf(
          'data: {"type":"content_block_delta","delta":{"text":"世界"}}\n\ndata: {"type":"message_stop"}\n\n',
          1,
        ),
      ),
    ).toEqual([text, { kind: 'end' }])
  })

  it('says so when the stream ends before the answer does', async () => {
    const parts = await all('openai', streamOf('data: {"choices":[{"delta":{"content":"Hel"}}]}\n\n'))
    expect(parts.map(({ kind }) => kind)).toEqual(['text', 'failed'])
  })

  it('ends with the first error, whatever follows it', async () => {
    const parts = await all('openai', streamOf(`data: {"error":{"message":"Out of memory."}}\n\n${openai}`))
    expect(parts).toEqual([{ kind: 'failed', message: 'Out of memory.' }])
  })

  it('throws what broke the connection', async () => {
    await expect(all('openai', streamOf('data: {', 7, new TypeError('network error')))).rejects.toThrow('network error')
  })

  it('gives the stream up when its reader leaves', async () => {
    const stream = streamOf(openai.repeat(50), 60)
    for await (const part of readAnswer(stream, 'openai')) if (part.kind === 'text') break
    expect(stream.wasCancelled).toBe(true)
  })
})
