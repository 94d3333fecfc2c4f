/**
 * A coding tool of a few lines: what its environment leads to is asked in the formats of OpenAI, Anthropic and Ollama, whole
 * and streamed; a tool that the model calls is answered, and then the model says something. Prints what it was told of
 * tokens, a line of JSON for each answer; what it was not told is left out. Run as a program, with a model and
 * the formats to ask in, by the names of the functions below.
 */
import Anthropic from '@anthropic-ai/sdk'
import { type Message, Ollama } from 'ollama'
import OpenAI from 'openai'

const model = process.argv[2] ?? ''
const parameters = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] }
const functions = [{ type: 'function' as const, function: { name: 'weather', description: 'Weather', parameters } }]
const question = { role: 'user' as const, content: 'What is the weather like in Cuzco?' }
const openai = new OpenAI({ maxRetries: 0 })
const anthropic = new Anthropic({ maxRetries: 0 })
const headers = { authorization: `Bearer ${process.env['OLLAMA_API_KEY']}` }
const ollama = new Ollama({ host: process.env['OLLAMA_HOST'] ?? '', headers })

function report(told: {
  readonly how: string
  readonly prompt_tokens: number | undefined
  readonly cached_tokens?: number | undefined
  readonly completion_tokens: number | undefined
}): void {
  process.stdout.write(`${JSON.stringify(told)}\n`)
}

async function chat(isStreamed: boolean, tellsUsage = true): Promise<void> {
  const messages: OpenAI.ChatCompletionMessageParam[] = [question]
  for (;;) {
    const asked = { model, messages, tools: functions }
    const options = tellsUsage ? { stream_options: { include_usage: true } } : {}
    const { usage, choices } = isStreamed
      ? await openai.chat.completions.stream({ ...asked, ...options }).finalChatCompletion()
      : await openai.chat.completions.create(asked)
    report({
      how: `chat completions, streamed: ${isStreamed}, with usage: ${tellsUsage}`,
      prompt_tokens: usage?.prompt_tokens,
      cached_tokens: usage?.prompt_tokens_details?.cached_tokens,
      completion_tokens: usage?.completion_tokens,
    })
    const { content = null, tool_calls: calls = [] } = choices[0]?.message ?? {}
    if (calls.length === 0) return
    messages.push({ role: 'assistant', content, tool_calls: calls })
    for (const { id } of calls) messages.push({ role: 'tool', tool_call_id: id, content: 'dry' })
  }
}

async function messages(isStreamed: boolean): Promise<void> {
  const tools = [{ name: 'weather', input_schema: parameters }]
  const turns: Anthropic.MessageParam[] = [question]
  for (;;) {
    const asked = { model, messages: turns, tools, max_tokens: 100 }
    await anthropic.messages.countTokens({ model, messages: turns, tools })
    const { content, usage } = isStreamed
      ? await anthropic.messages.stream(asked).finalMessage()
      : await anthropic.messages.create(asked)
    const cached = usage.cache_read_input_tokens ?? 0
    report({
      how: `messages, streamed: ${isStreamed}`,
      prompt_tokens: usage.input_tokens + cached,
      cached_tokens: cached,
      completion_tokens: usage.output_tokens,
    })
    const calls = content.filter((block) => block.type === 'tool_use')
    if (calls.length === 0) return
    const results = calls.map(({ id }) => ({ type: 'tool_result' as const, tool_use_id: id, content: 'dry' }))
    turns.push({ role: 'assistant', content }, { role: 'user', content: results })
  }
}

async function responses(isStreamed: boolean): Promise<void> {
  const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: false }]
  const input: OpenAI.Responses.ResponseInputItem[] = [question]
  for (;;) {
    const asked = { model, input, tools }
    const { usage, output } = isStreamed
      ? await openai.responses.stream(asked).finalResponse()
      : await openai.responses.create(asked)
    report({
      how: `responses, streamed: ${isStreamed}`,
      prompt_tokens: usage?.input_tokens,
      cached_tokens: usage?.input_tokens_details.cached_tokens,
      completion_tokens: usage?.output_tokens,
    })
    const calls = output.flatMap((item) => (item.type === 'function_call' ? [item] : []))
    if (calls.length === 0) return
    for (const { call_id, name, arguments: text } of calls) {
      input.push({ type: 'function_call', call_id, name, arguments: text })
      input.push({ type: 'function_call_output', call_id, output: 'dry' })
    }
  }
}

async function ollamaChat(isStreamed: boolean): Promise<void> {
  const turns: Message[] = [question]
  for (;;) {
    const asked = { model, messages: turns, tools: functions }
    const parts = isStreamed ? await ollama.chat({ ...asked, stream: true }) : [await ollama.chat(asked)]
    const calls: NonNullable<Message['tool_calls']> = []
    for await (const { message, done, prompt_eval_count, eval_count } of parts) {
      calls.push(...(message.tool_calls ?? []))
      if (done) {
        report({
          how: `/api/chat, streamed: ${isStreamed}`,
          prompt_tokens: prompt_eval_count,
          completion_tokens: eval_count,
        })
      }
    }
    if (calls.length === 0) return
    turns.push({ role: 'assistant', content: '', tool_calls: calls })
    for (const call of calls) turns.push({ role: 'tool', content: 'dry', tool_name: call.function.name })
  }
}

const [, , , ...asked] = process.argv
for (const ask of [chat, messages, responses, ollamaChat])
  if (asked.includes(ask.name)) for (const isStreamed of [false, true]) await ask(isStreamed)
await chat(true, false)
