import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import type { MatrixServer } from './cells.ts'
import { testChatCells } from './chat-cells.ts'
import { hearing, saying, withMore } from './chat-forms.ts'

const STOP = 'STOP'

/** Those that say which sequence was met; of the others it cannot be known. */
const TELLING: readonly MatrixServer[] = ['vllm', 'lm-studio', 'anthropic']

testChatCells('stop sequence', {
  speech: { stop: { sequence: STOP } },
  asks: withMore(saying('hi'), {
    'ollama-chat': { options: { stop: [STOP] } },
    'ollama-generate': { options: { stop: [STOP] } },
    'openai-chat': { stop: [STOP] },
    'openai-completions': { stop: STOP },
    'openai-responses': {},
    'anthropic-messages': { stop_sequences: [STOP] },
  }),
  asked: () => ({
    '/api/chat': { options: { stop: [STOP] } },
    '/v1/chat/completions': { stop: [STOP] },
    '/v1/messages': { stop_sequences: [STOP] },
  }),
  heard: ({ server }) => {
    const said = hearing(SCRIPTED_TEXT)
    const met = { stop_reason: 'stop_sequence', stop_sequence: STOP }
    const end = TELLING.includes(server) ? met : { stop_reason: 'end_turn', stop_sequence: null }
    return { ...said, 'anthropic-messages': { ...said['anthropic-messages'], ...end } }
  },
})
