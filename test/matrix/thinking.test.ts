import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { type ChatCell, testChatCells } from './chat-cells.ts'
import { type ByChatClient, hearing, saying, withMore } from './chat-forms.ts'

const thoughts = ['Let', ' me', ' see']
const THOUGHT = thoughts.join('')

testChatCells('thinking', {
  speech: { thoughts },
  asks: withMore(saying('hi'), {
    'ollama-chat': { think: 'high' },
    'ollama-generate': { think: 'high' },
    'openai-chat': { reasoning_effort: 'high' },
    'openai-completions': {},
    'openai-responses': { reasoning: { effort: 'high' } },
    'anthropic-messages': {
      thinking: { type: 'adaptive' },
      output_config: { effort: 'high' },
      max_tokens: 20_000,
    },
  }),
  asked: (cell) => ({
    '/api/chat': isThoughtLost(cell) ? {} : { think: 'high' },
    '/v1/chat/completions': { reasoning_effort: 'high' },
    '/v1/messages': { thinking: { type: 'enabled', budget_tokens: 10_240 } },
  }),
  // An Ollama that is too old to say which models think would refuse it of those that do not.
  leftOut: (cell) => (isThoughtLost(cell) ? 'thinking' : null),
  heard: heardThinking,
})

function isThoughtLost({ server }: ChatCell): boolean {
  return server === 'old-ollama'
}

function heardThinking(): ByChatClient {
  const said = hearing(SCRIPTED_TEXT)
  return {
    ...said,
    'ollama-chat': { message: { role: 'assistant', content: SCRIPTED_TEXT, thinking: THOUGHT }, done_reason: 'stop' },
    'ollama-generate': { ...said['ollama-generate'], thinking: THOUGHT },
    'openai-chat': { choices: [{ message: { content: SCRIPTED_TEXT, thought: THOUGHT }, finish_reason: 'stop' }] },
    'openai-responses': {
      status: 'completed',
      output_text: SCRIPTED_TEXT,
      output: [{ type: 'reasoning', summary: [{ type: 'summary_text', text: THOUGHT }] }, { type: 'message' }],
    },
    'anthropic-messages': {
      content: [
        { type: 'thinking', thinking: THOUGHT },
        { type: 'text', text: SCRIPTED_TEXT },
      ],
      stop_reason: 'end_turn',
    },
  }
}
