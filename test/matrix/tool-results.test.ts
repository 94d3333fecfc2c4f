import { SCRIPTED_TEXT } from '../support/scripted/answer.ts'
import { testChatCells } from './chat-cells.ts'
import { hearing } from './chat-forms.ts'
import { offered, offering } from './tool-forms.ts'

const ASK = 'What is it like in Cuzco?'
const user = { role: 'user', content: ASK }
const args = { city: 'Cuzco' }
const argumentsText = JSON.stringify(args)
const RESULTS = [
  { id: 'call_1', name: 'weather', gave: '21 degrees' },
  { id: 'call_2', name: 'tides', gave: 'no sea' },
] as const

const native = [
  user,
  {
    role: 'assistant',
    content: '',
    tool_calls: RESULTS.map(({ id, name }) => ({ id, function: { name, arguments: args } })),
  },
]
const chat = [
  user,
  {
    role: 'assistant',
    content: null,
    tool_calls: RESULTS.map(({ id, name }) => ({ id, type: 'function', function: { name, arguments: argumentsText } })),
  },
  ...RESULTS.map(({ id, gave }) => ({ role: 'tool', tool_call_id: id, content: gave })),
]
const uses = {
  role: 'assistant',
  content: RESULTS.map(({ id, name }) => ({ type: 'tool_use', id, name, input: args })),
}
const tools = offering('weather', 'tides')
const known = offered('weather', 'tides')

testChatCells('tool results', {
  speech: { chooseTools: () => [] },
  asks: {
    'ollama-chat': {
      ...tools['ollama-chat'],
      messages: [...native, ...RESULTS.map(({ name, gave }) => ({ role: 'tool', tool_name: name, content: gave }))],
    },
    'ollama-generate': {},
    'openai-chat': { ...tools['openai-chat'], messages: chat },
    'openai-completions': {},
    'openai-responses': {
      ...tools['openai-responses'],
      input: [
        user,
        ...RESULTS.map(({ id, name }) => ({ type: 'function_call', call_id: id, name, arguments: argumentsText })),
        ...RESULTS.map(({ id, gave }) => ({ type: 'function_call_output', call_id: id, output: gave })),
      ],
    },
    'anthropic-messages': {
      ...tools['anthropic-messages'],
      messages: [
        user,
        uses,
        {
          role: 'user',
          content: RESULTS.map(({ id, gave }) => ({ type: 'tool_result', tool_use_id: id, content: gave })),
        },
      ],
    },
  },
  asked: () => ({
    '/api/chat': {
      ...known['/api/chat'],
      messages: [
        ...native,
        ...RESULTS.map(({ id, name, gave }) => ({ role: 'tool', tool_name: name, tool_call_id: id, content: gave })),
      ],
    },
    '/v1/chat/completions': { ...known['/v1/chat/completions'], messages: chat },
    '/v1/messages': {
      ...known['/v1/messages'],
      messages: [
        { role: 'user', content: [{ type: 'text', text: ASK }] },
        uses,
        {
          role: 'user',
          content: RESULTS.map(({ id, gave }) => ({
            type: 'tool_result',
            tool_use_id: id,
            content: [{ type: 'text', text: gave }],
          })),
        },
      ],
    },
  }),
  heard: () => hearing(SCRIPTED_TEXT),
})
