import { testChatCells } from './chat-cells.ts'
import { hearing, saying, withMore } from './chat-forms.ts'

const words = ['{"city":', ' "Cuzco"', '}', '', '', '']
const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const response_format = { type: 'json_schema', json_schema: { name: 'place', schema } }
const output_config = { format: { type: 'json_schema', schema } }

testChatCells('structured output', {
  speech: { words },
  asks: withMore(saying('Where?'), {
    'ollama-chat': { format: schema },
    'ollama-generate': { format: schema },
    'openai-chat': { response_format },
    'openai-completions': { response_format },
    'openai-responses': { text: { format: { type: 'json_schema', name: 'place', schema } } },
    'anthropic-messages': { output_config },
  }),
  asked: () => ({
    '/api/chat': { format: schema },
    '/v1/chat/completions': { response_format: { type: 'json_schema', json_schema: { schema } } },
    '/v1/messages': { output_config },
  }),
  heard: () => hearing(words.join('')),
})
