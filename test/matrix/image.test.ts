import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { testChatCells } from './chat-cells.ts'
import { hearing, saying } from './chat-forms.ts'

const TEXT = 'What is it?'
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const url = `data:image/png;base64,${PNG}`
const source = { type: 'base64', media_type: 'image/png', data: PNG }

const native = { messages: [{ role: 'user', content: TEXT, images: [PNG] }] }
const chat = {
  messages: [
    {
      role: 'user',
      content: [
        { type: 'image_url', image_url: { url } },
        { type: 'text', text: TEXT },
      ],
    },
  ],
}
const claude = {
  messages: [
    {
      role: 'user',
      content: [
        { type: 'image', source },
        { type: 'text', text: TEXT },
      ],
    },
  ],
}

testChatCells('image', {
  asks: {
    ...saying(TEXT),
    'ollama-chat': native,
    'ollama-generate': { prompt: TEXT, images: [PNG] },
    'openai-chat': chat,
    'openai-responses': {
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_image', image_url: url, detail: 'auto' },
            { type: 'input_text', text: TEXT },
          ],
        },
      ],
    },
    'anthropic-messages': claude,
  },
  asked: () => ({ '/api/chat': native, '/v1/chat/completions': chat, '/v1/messages': claude }),
  heard: () => hearing(SCRIPTED_TEXT),
})
