// Asks the models of a laptop by its name, with three SDKs: `KEY=pk_… node ask-tunnel.ts https://gateway.example llama3.2`
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { punkuFetch } from 'punku'

const [gateway = 'http://127.0.0.1:8080', model = 'tiny'] = process.argv.slice(2)
const fetch = punkuFetch({ gateway, key: process.env['KEY'] ?? '' })
const address = 'http://ollama.laptop.tunnel'
const messages = [{ role: 'user' as const, content: 'Say hello.' }]
const write = (text = '') => process.stdout.write(text)

const openai = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'none', fetch })
for await (const part of await openai.chat.completions.create({ model, messages, stream: true }))
  write(part.choices[0]?.delta.content ?? '')
write('\n')
const anthropic = new Anthropic({ baseURL: address, apiKey: 'none', fetch })
for await (const event of anthropic.messages.stream({ model, messages, max_tokens: 99 }))
  if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') write(event.delta.text)
write('\n')
const ollama = new Ollama({ host: address, fetch })
for await (const part of await ollama.chat({ model, messages, stream: true })) write(part.message.content)
write('\n')
