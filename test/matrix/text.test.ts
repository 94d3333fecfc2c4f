import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { testChatCells } from './chat-cells.ts'
import { hearing, saying, withMore } from './chat-forms.ts'

const system = { role: 'system', content: 'Be short.' }
const user = { role: 'user', content: 'hi' }

testChatCells('text', {
  asks: withMore(saying('hi'), {
    'ollama-chat': { messages: [system, user] },
    'ollama-generate': { system: 'Be short.' },
    'openai-chat': { messages: [{ ...system, role: 'developer' }, user] },
    'openai-completions': {},
    'openai-responses': { instructions: 'Be short.' },
    'anthropic-messages': { system: 'Be short.' },
  }),
  asked: ({ client }) => {
    const messages = client === 'openai-completions' ? [user] : [system, user]
    return {
      '/api/chat': { messages },
      '/v1/chat/completions': { messages },
      '/v1/messages': {
        ...(client === 'openai-completions' ? {} : { system: 'Be short.' }),
        messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      },
    }
  },
  heard: () => hearing(SCRIPTED_TEXT),
})
