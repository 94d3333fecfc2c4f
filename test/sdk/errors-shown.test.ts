import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NOT_FOR_TOOLS } from '../../scripts/error-docs.ts'
import { ERRORS, type ErrorCode, PunkuError } from '../../src/core/error.ts'
import { dialectOf } from '../../src/dialects/dialects.ts'
import { errorAnswer } from '../../src/gateway/reply/answer.ts'
import { messages } from './clients.ts'

const TEXT = 'This is what happened, and what to do next.'
const CODES = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => !NOT_FOR_TOOLS.has(code))

/** Answers everything with one error, in the dialect of the path. */
let code: ErrorCode = 'internal'
let asked = 0
const server = createServer((req, res) => {
  asked++
  const { status, headers, body } = errorAnswer(dialectOf(req.url ?? '', false), new PunkuError(code, TEXT), 'req_1')
  res.writeHead(status, headers as string[])
  res.end(body)
})
let url: string
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** With their own number of retries, which nobody waits for: `x-should-retry` decides of those that last. */
const asking = {
  openai: (maxRetries?: number) =>
    new OpenAI({
      baseURL: `${url}/v1`,
      apiKey: 'x',
      ...(maxRetries !== undefined && { maxRetries }),
    }).chat.completions.create({ model: 'm', messages }),
  anthropic: (maxRetries?: number) =>
    new Anthropic({
      baseURL: url,
      apiKey: 'x',
      authToken: null,
      ...(maxRetries !== undefined && { maxRetries }),
    }).messages.create({ model: 'm', max_tokens: 1, messages }),
  ollama: (_maxRetries?: number) => new Ollama({ host: url }).chat({ model: 'm', messages }),
}

describe.each(['openai', 'anthropic', 'ollama'] as const)("%s's SDK", (name) => {
  test.each(CODES)('shows the text of %s', async (one) => {
    code = one
    await expect(asking[name](0)).rejects.toThrow(TEXT)
  })

  test.each(CODES.filter((one) => !ERRORS[one].isRetryable))('asks once where it lasts: %s', async (one) => {
    code = one
    asked = 0
    await expect(asking[name]()).rejects.toThrow(TEXT)
    expect(asked).toBe(1)
  })
})
