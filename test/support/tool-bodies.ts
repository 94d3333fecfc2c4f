/** What coding tools send at the start of a turn, shortened: every field that they sent when they were recorded. */

const SCHEMA = {
  type: 'object',
  properties: { path: { type: 'string', description: 'Where.' }, model: { type: 'string', enum: ['sonnet', 'opus'] } },
  required: ['path'],
  additionalProperties: false,
}

/** Codex 0.171: `POST /v1/responses`. */
export const CODEX = {
  model: 'tiny',
  instructions: 'You are Codex.',
  input: [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Sandbox: read-only.' }] },
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'See https://example.org/image_url' },
        { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=' },
      ],
    },
    { type: 'reasoning', summary: [], encrypted_content: 'gAAA' },
    { type: 'function_call', name: 'exec_command', arguments: '{"cmd":"ls"}', call_id: 'call_1' },
    { type: 'function_call_output', call_id: 'call_1', output: 'a.txt' },
  ],
  tools: [
    { type: 'function', name: 'exec_command', description: 'Runs a command.', strict: false, parameters: SCHEMA },
    { type: 'namespace', name: 'mcp', tools: [{ type: 'function', name: 'read', strict: false, parameters: SCHEMA }] },
    { type: 'web_search', external_web_access: true },
  ],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  reasoning: { effort: 'medium', summary: 'auto' },
  store: false,
  stream: false,
  include: ['reasoning.encrypted_content'],
  prompt_cache_key: '0199',
  text: { verbosity: 'medium' },
}

/** Claude Code 2.1: `POST /v1/messages?beta=true`. */
export const CLAUDE_CODE = {
  model: 'tiny',
  max_tokens: 32_000,
  system: [{ type: 'text', text: 'You are Claude Code.', cache_control: { type: 'ephemeral' } }],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }] },
    { role: 'system', content: 'A reminder.' },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Let me see.', signature: '' },
        {
          type: 'tool_use',
          id: 'toolu_1',
          name: 'WebFetch',
          input: { url: 'https://example.org/', image_url: 'https://x/' },
        },
      ],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'toolu_1',
          content: [
            { type: 'text', text: 'https://example.org/' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
          ],
        },
      ],
    },
  ],
  tools: [{ name: 'Task', description: 'Starts a helper.', input_schema: SCHEMA }],
  tool_choice: { type: 'auto' },
  metadata: { user_id: 'user_1' },
  thinking: { type: 'adaptive' },
  context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
  output_config: { effort: 'high' },
  stream: false,
}

/** OpenCode 1.18, by `@ai-sdk/openai-compatible`: `POST /v1/chat/completions`. */
export const OPENCODE = {
  model: 'tiny',
  max_tokens: 32_000,
  messages: [
    { role: 'system', content: 'You are opencode.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'hi' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
      ],
    },
    {
      role: 'assistant',
      content: '',
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'webfetch', arguments: '{"url":"https://x/"}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'done' },
  ],
  tools: [{ type: 'function', function: { name: 'task', description: 'Starts a helper.', parameters: SCHEMA } }],
  tool_choice: 'auto',
  stream: false,
  stream_options: { include_usage: true },
}

/** Cline and Continue, by Ollama's own API: `POST /api/chat`. */
export const OLLAMA_CLIENT = {
  model: 'tiny',
  messages: [{ role: 'user', content: 'hi', images: ['iVBORw0KGgo='] }],
  tools: [{ type: 'function', function: { name: 'task', description: 'Starts a helper.', parameters: SCHEMA } }],
  options: { num_ctx: 32_768, temperature: 0 },
  keep_alive: 1_800,
  stream: false,
}
