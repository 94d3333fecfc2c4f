import { Stream as AnthropicStream } from '@anthropic-ai/sdk/core/streaming'
import { APIError as OpenAIError } from 'openai'
import { Stream as OpenAIStream } from 'openai/core/streaming'
import { describe, expect, it } from 'vitest'
import { PunkuError } from '../core/error.ts'
import type { FormatName, StreamForm } from './format.ts'
import { FORMATS } from './formats.ts'

const CUT_OFF = new PunkuError('upstream_interrupted', 'The model server ended its answer early.')

function formOf(format: FormatName): StreamForm {
  const { stream } = FORMATS[format]
  if (stream === undefined) throw new Error(`${format} has no streams`)
  return stream
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of stream);
}

describe('renderError', () => {
  it('is a line or an event of the format', () => {
    expect(formOf('ollama-chat').renderError(CUT_OFF, 'req_1', true)).toBe(
      '{"error":"The model server ended its answer early."}\n',
    )
    expect(formOf('openai-chat').renderError(CUT_OFF, 'req_1', true)).toBe(
      'data: {"error":{"message":"The model server ended its answer early.","type":"server_error","param":null,"code":"upstream_interrupted"}}\n\n',
    )
    expect(formOf('openai-responses').renderError(CUT_OFF, 'req_1', true)).toBe(
      'event: error\ndata: {"type":"error","code":"upstream_interrupted","message":"The model server ended its answer early.","param":null}\n\n',
    )
    expect(formOf('anthropic-messages').renderError(CUT_OFF, 'req_1', true)).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"The model server ended its answer early."},"request_id":"req_1"}\n\n',
    )
  })

  it.each([
    ['ollama-chat', '{"model":"m","message":{"content":"true'],
    ['ollama-progress', '{"status":"succ'],
    ['openai-chat', 'data: {"choices":[{"delta":{"content":"[DONE'],
    ['openai-chat', 'data: {"choices":[]}\r'],
    ['openai-responses', 'event: response.compl'],
    ['llama-completion', 'data: {"content":"x","stop":true'],
    ['anthropic-messages', 'event: message_stop\ndata: {"type":"mess'],
  ] as const)('ends what broke off, so that %s reads as failed', (format, broken) => {
    const observer = formOf(format).observe()
    observer.push(Buffer.from(broken))
    expect([observer.outcome, observer.isBetweenFrames]).toEqual(['open', false])
    observer.push(Buffer.from(formOf(format).renderError(CUT_OFF, 'req_1', observer.isBetweenFrames)))
    expect([observer.outcome, observer.isBetweenFrames]).toEqual(['failed', true])
  })

  it.each(['openai-chat', 'openai-responses'] as const)("is thrown by OpenAI's own client in %s", async (format) => {
    const text = `${formOf(format).keepAlive}${formOf(format).renderError(CUT_OFF, 'req_1', true)}`
    const stream = OpenAIStream.fromSSEResponse(new Response(text), new AbortController())
    await expect(drain(stream)).rejects.toBeInstanceOf(OpenAIError)
  })

  it("is thrown by Anthropic's own client, which takes a ping for nothing", async () => {
    const text = `${formOf('anthropic-messages').keepAlive}${formOf('anthropic-messages').renderError(CUT_OFF, 'req_1', true)}`
    const stream = AnthropicStream.fromSSEResponse(new Response(text), new AbortController())
    await expect(drain(stream)).rejects.toThrow('The model server ended its answer early.')
  })
})

describe('keepAlive', () => {
  it('is what the format allows', () => {
    expect(formOf('ollama-chat').keepAlive).toBeUndefined()
    expect(formOf('ollama-progress').keepAlive).toBeUndefined()
    expect(formOf('openai-chat').keepAlive).toBe(': keep-alive\n\n')
    expect(formOf('openai-responses').keepAlive).toBe(': keep-alive\n\n')
    expect(formOf('llama-completion').keepAlive).toBe(': keep-alive\n\n')
    expect(formOf('anthropic-messages').keepAlive).toBe('event: ping\ndata: {"type": "ping"}\n\n')
  })
})
