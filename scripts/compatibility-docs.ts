import {
  CHAT_CLIENT_NAMES,
  CHAT_FEATURES,
  chatOutcome,
  MATRIX_SERVERS,
  type MatrixServer,
  type Outcome,
  VECTOR_CLIENT_NAMES,
  vectorOutcome,
} from '../test/matrix/cells.ts'

/** What the pages call what a client speaks. */
const CLIENT_TITLES = {
  'ollama-chat': 'Ollama `/api/chat`',
  'ollama-generate': 'Ollama `/api/generate`',
  'openai-chat': 'OpenAI `/v1/chat/completions`',
  'openai-completions': 'OpenAI `/v1/completions`',
  'openai-responses': 'OpenAI `/v1/responses`',
  'anthropic-messages': 'Anthropic `/v1/messages`',
  'openai-embeddings': 'OpenAI `/v1/embeddings`',
  'ollama-embed': 'Ollama `/api/embed`',
  'ollama-embeddings': 'Ollama `/api/embeddings`',
} as const

const SERVER_TITLES: Readonly<Record<MatrixServer, string>> = {
  ollama: 'Ollama',
  'old-ollama': 'Ollama, own API only',
  'llama-server': 'llama-server',
  vllm: 'vLLM',
  'lm-studio': 'LM Studio',
  openai: 'chat completions only',
  anthropic: 'Anthropic',
}

const WORDS: Readonly<Record<Outcome, string>> = {
  passed: 'passed',
  translated: 'translated',
  refused: 'refused',
  none: '–',
}

const COUNTED = ['passed', 'translated', 'refused'] as const

/** Streamed and whole. */
const CHAT_WAYS = 2

type ClientTitle = keyof typeof CLIENT_TITLES
type OutcomeOf<Client> = (client: Client, server: MatrixServer) => Outcome

/** As `npm run test:tools` printed them, on both paths; that tier runs where the programs are installed. */
const TOOLS = `## Coding tools

Each finishes a turn with a call of a tool (Aider: an edit of a file) through the gateway, straight and through a tunnel, on servers of five
kinds: vLLM, Ollama, llama-server, chat completions alone, and \`/api/chat\` alone. The real programs, in a home of their own, no vendor in
reach: \`npm run test:tools\` (CONTRIBUTING.md says how), last run on 2026-11-30.

| tool | version | speaks | servers |
| --- | --- | --- | --- |
| Claude Code | 2.1.197 | \`/v1/messages\` | 5 of 5; makes a conversation shorter that is too long |
| Codex | 0.171.0 | \`/v1/responses\` | 5 of 5 |
| OpenCode | 1.18.33 | \`/v1/chat/completions\` | 5 of 5 |
| Qwen Code | 0.24.4 | \`/v1/chat/completions\` | 5 of 5 |
| Copilot CLI | 1.0.102 | \`/v1/chat/completions\` | 5 of 5 |
| pi | 1.6.0 | \`/v1/chat/completions\` | 5 of 5 |
| Aider | 0.86.2 | \`/v1/chat/completions\`, \`/api/chat\`, \`/v1/messages\` | 5 of 5 with each |

Libraries beside the official ones of the tables below: \`ollama\` for Python 0.6.3 on a server of chat completions and vectors alone, \`@langchain/ollama\` 1.3.0,
\`langchain-ollama\` 1.1.0, \`instructor\` 1.17.0.
`

/** `docs/compatibility.md`. */
export function renderCompatibilityDocs(): string {
  const chats = CHAT_FEATURES.map(
    (feature) =>
      `### ${feature[0]?.toUpperCase()}${feature.slice(1)}\n\n${tableOf(CHAT_CLIENT_NAMES, (client, server) => chatOutcome(feature, client, server))}`,
  )
  return [
    '# Clients and servers',
    '',
    'Written by `npm run docs` from `test/matrix/cells.ts`. The tests in `test/matrix` hold each cell: the official library of',
    'the API asks through a gateway, straight and through a tunnel, what its server was sent and what came back is checked whole.',
    '',
    '- **passed**: the server speaks the format; bytes go on as they came.',
    '- **translated**: the request is put into a format that the server serves well, and the answer back ([how](api.md#translation)).',
    '- **refused**: it cannot be; the answer says why.',
    "- **–**: the client's API has no such thing.",
    '',
    countLine(),
    '',
    TOOLS,
    '## Chats',
    '',
    ...chats,
    '## Embeddings',
    '',
    tableOf(VECTOR_CLIENT_NAMES, vectorOutcome),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

function tableOf<Client extends ClientTitle>(clients: readonly Client[], outcomeOf: OutcomeOf<Client>): string {
  const rows = clients.map((client) => [
    CLIENT_TITLES[client],
    ...MATRIX_SERVERS.map((server) => WORDS[outcomeOf(client, server)]),
  ])
  const head = ['client', ...MATRIX_SERVERS.map((server) => SERVER_TITLES[server])]
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

function countLine(): string {
  const chats = CHAT_FEATURES.flatMap((feature) =>
    pairs(CHAT_CLIENT_NAMES, (client, server) => chatOutcome(feature, client, server)),
  )
  const vectors = pairs(VECTOR_CLIENT_NAMES, vectorOutcome)
  const countOf = (outcome: Outcome) =>
    CHAT_WAYS * chats.filter((one) => one === outcome).length + vectors.filter((one) => one === outcome).length
  const counts = COUNTED.map((outcome) => [outcome, countOf(outcome)] as const)
  const all = counts.reduce((sum, [, count]) => sum + count, 0)
  const parts = counts.map(([outcome, count]) => `${count} ${outcome}`)
  return `${all} cells, each chat streamed and whole: ${parts.join(', ')}.`
}

function pairs<Client>(clients: readonly Client[], outcomeOf: OutcomeOf<Client>): readonly Outcome[] {
  return clients.flatMap((client) => MATRIX_SERVERS.map((server) => outcomeOf(client, server)))
}
