import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { expect } from 'vitest'
import { fail } from '../support/scripted/steps.ts'
import type { ChatClientName } from './cells.ts'
import { askedPath, askIn, describeChatCells, translatedTo } from './chat-cells.ts'
import { CHAT_CLIENTS } from './chat-clients.ts'
import { saying } from './chat-forms.ts'
import { modelOn } from './ground.ts'

const WORDS = 'the runner has crashed'
const openai = { error: { message: expect.stringContaining(WORDS), type: expect.any(String) } }

/** An error as clients of each API read it. */
const BODIES: Readonly<Record<ChatClientName, object>> = {
  'ollama-chat': { error: expect.stringContaining(WORDS) },
  'ollama-generate': { error: expect.stringContaining(WORDS) },
  'openai-chat': openai,
  'openai-completions': openai,
  'openai-responses': openai,
  'anthropic-messages': { type: 'error', error: { type: 'api_error', message: expect.stringContaining(WORDS) } },
}

/** What their libraries throw; Ollama's has a class that it does not export. */
const CLASSES: Readonly<Record<ChatClientName, abstract new (...given: never[]) => Error>> = {
  'ollama-chat': Error,
  'ollama-generate': Error,
  'openai-chat': OpenAI.InternalServerError,
  'openai-completions': OpenAI.InternalServerError,
  'openai-responses': OpenAI.InternalServerError,
  'anthropic-messages': Anthropic.InternalServerError,
}

describeChatCells('error before the answer', undefined, async (cell, ground) => {
  const { client, server } = cell
  ground.upstreams[server].behave([fail(500, WORDS)], { path: askedPath(cell), model: modelOn(server) })
  const { thrown, status, answer, row, asked } = await askIn(cell, ground, saying('hi')[client])
  expect(asked?.path).toBe(askedPath(cell))
  expect(thrown).toBeInstanceOf(CLASSES[client])
  expect(String(thrown)).toContain(WORDS)
  expect(status).toBe(500)
  expect(JSON.parse(answer)).toMatchObject(BODIES[client])
  expect(row).toMatchObject({
    route: `POST ${CHAT_CLIENTS[client].path}`,
    status: 500,
    error_code: 'upstream_failed',
    translated: translatedTo(cell),
  })
})
