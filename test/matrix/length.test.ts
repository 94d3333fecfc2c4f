import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { testChatCells } from './chat-cells.ts'
import { hearing, saying, withMore } from './chat-forms.ts'

const LENGTH = 16

testChatCells('length', {
  speech: { stop: 'length' },
  asks: withMore(saying('hi'), {
    'ollama-chat': { options: { num_predict: LENGTH } },
    'ollama-generate': { options: { num_predict: LENGTH } },
    'openai-chat': { max_completion_tokens: LENGTH },
    'openai-completions': { max_tokens: LENGTH },
    'openai-responses': { max_output_tokens: LENGTH },
    'anthropic-messages': { max_tokens: LENGTH },
  }),
  asked: () => ({
    '/api/chat': { options: { num_predict: LENGTH } },
    '/v1/chat/completions': { max_tokens: LENGTH },
    '/v1/messages': { max_tokens: LENGTH },
  }),
  heard: () => {
    const said = hearing(SCRIPTED_TEXT)
    const choice = { index: 0, finish_reason: 'length' }
    return {
      'ollama-chat': { ...said['ollama-chat'], done_reason: 'length' },
      'ollama-generate': { ...said['ollama-generate'], done_reason: 'length' },
      'openai-chat': { choices: [{ ...choice, message: { role: 'assistant', content: SCRIPTED_TEXT } }] },
      'openai-completions': { choices: [{ ...choice, text: SCRIPTED_TEXT }] },
      'openai-responses': {
        ...said['openai-responses'],
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
      },
      'anthropic-messages': { ...said['anthropic-messages'], stop_reason: 'max_tokens', stop_sequence: null },
    }
  },
})
