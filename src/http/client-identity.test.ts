import { describe, expect, test } from 'vitest'
import { clientIdentity } from './client-identity.ts'
import { HeaderView } from './headers.ts'

const WEBKIT = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)'

describe('the client by its User-Agent', () => {
  test.each([
    ['claude-cli/2.1.197 (external, sdk-cli)', 'claude-cli', '2.1.197'],
    ['OpenAI/JS 7.55.0', 'openai-js', '7.55.0'],
    ['OpenAI/Python 2.1.0', 'openai-python', '2.1.0'],
    ['AsyncOpenAI/Python 2.1.0', 'openai-python', '2.1.0'],
    ['Anthropic/JS 1.11.0', 'anthropic-js', '1.11.0'],
    ['AsyncAnthropic/Python 0.60.0', 'anthropic-python', '0.60.0'],
    ['OpenAI/Go 1.2.0', 'openai-go', '1.2.0'],
    ['ollama-python/0.5.1 (x86_64 linux) Python/3.12.3', 'ollama-python', '0.5.1'],
    ['ollama-js/0.6.4 (x64 linux Node.js/v26.0.0)', 'ollama-js', '0.6.4'],
    ['ollama/0.12.0 (arm64 darwin) Go/go1.24.1', 'ollama', '0.12.0'],
    ['codex_cli_rs/0.169.0 (Debian; x86_64)', 'codex_cli_rs', '0.169.0'],
    ['curl/8.1.2', 'curl', '8.1.2'],
    ['GitHubCopilotChat/0.26', 'githubcopilotchat', '0.26'],
    ['ai-sdk/openai-compatible/3.0.37 ai-sdk/provider-utils/4.0.1 runtime/node.js/v26', 'ai-sdk', '3.0.37'],
    ['ai-sdk/openai-compatible/3.0.37 cline/3.0.65', 'cline', '3.0.65'],
    ['Cline/3.1.0', 'cline', '3.1.0'],
    ['ls/JS 5.23.2', 'continue', '5.23.2'],
    ['litellm/1.79.1', 'litellm', '1.79.1'],
    ['factory-cli/0.215.0', 'factory-cli', '0.215.0'],
    ['ai-sdk/<x>/1', undefined, undefined],
    ['thing/v1.2', 'thing', '1.2'],
    ['node', 'node', undefined],
    [`${WEBKIT} Version/18.1 Safari/605.1.15`, 'safari', '18.1'],
    [`${WEBKIT} Chrome/141.0.0.0 Safari/537.36`, 'chrome', '141.0.0.0'],
    [`${WEBKIT} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.1`, 'edge', '141.0.1'],
    ['Mozilla/5.0 (X11; Linux; rv:140.0) Gecko/20100101 Firefox/140.0', 'firefox', '140.0'],
    ['Mozilla/5.0 (compatible)', 'mozilla', '5.0'],
    ['', undefined, undefined],
    ['\u0001\u0002', undefined, undefined],
    ['<script>/1', undefined, undefined],
    ['name\u00e9/1', undefined, undefined],
    [`${'a'.repeat(41)}/1`, undefined, undefined],
    [`a/${'1'.repeat(33)}`, undefined, undefined],
  ])('%j', (userAgent, name, version) => {
    expect(clientIdentity(new HeaderView(['User-Agent', userAgent]))).toEqual({ name, version, sessionId: undefined })
  })

  test("Copilot's is its SDK's: it is told by its own headers", () => {
    const lines = ['user-agent', 'OpenAI/JS 5.20.1', 'x-initiator', 'user', 'x-interaction-type', 'conversation-agent']
    expect(clientIdentity(new HeaderView(lines))).toMatchObject({ name: 'copilot', version: undefined })
    const inTurn = ['user-agent', 'OpenAI/JS 5.20.1', 'x-initiator', 'agent']
    expect(clientIdentity(new HeaderView(inTurn))).toMatchObject({ name: 'copilot', version: undefined })
    expect(clientIdentity(new HeaderView([...inTurn.slice(0, 3), 'cron'])).name).toBe('openai-js')
    expect(clientIdentity(new HeaderView(['user-agent', 'opencode/1.2.3', ...inTurn.slice(2)])).name).toBe('opencode')
  })

  test('is unknown without one', () => {
    expect(clientIdentity(new HeaderView([])).name).toBeUndefined()
  })
})

describe('the session', () => {
  test.each([
    ['x-claude-code-session-id', '0b9c2d3e-1111-4222-8333-444455556666', true],
    ['X-Session-Id', 'ses_1:a.b', true],
    ['x-session-id', 'a'.repeat(64), true],
    ['x-session-id', 'a'.repeat(65), false],
    ['x-session-id', 'a b', false],
    ['x-session-id', 'a\u00e9', false],
    ['x-session-id', '', false],
    ['session-id', '019a1b2c-3d4e-7f50-8a9b-0c1d2e3f4a5b', true],
    ['thread-id', 'thr_1', true],
    ['thread-id', 'a b', false],
    ['x-other-session', 'a', false],
  ])('%s: %s', (header, value, isTaken) => {
    expect(clientIdentity(new HeaderView([header, value])).sessionId).toBe(isTaken ? value : undefined)
  })

  test("goes by Codex's session before its thread, and by the next where one is no id", () => {
    const sessionOf = (...lines: string[]) => clientIdentity(new HeaderView(lines)).sessionId
    expect(sessionOf('thread-id', 'thread', 'session-id', 'session')).toBe('session')
    expect(sessionOf('thread-id', 'thread', 'session-id', 'a b')).toBe('thread')
  })

  test('is the run, where the client says which', () => {
    const headers = new HeaderView(['x-claude-code-session-id', 'own', 'x-punku-session', 'run_1'])
    expect(clientIdentity(headers).sessionId).toBe('run_1')
  })

  test.each([
    ['local qwen, 2nd try', true],
    ['a'.repeat(64), true],
    ['a'.repeat(65), false],
    ['', false],
    [' a', false],
    ['a ', false],
    ['a\tb', false],
    ['a\u00e9', false],
    ['\u001b[31m', false],
  ])('of which the label %j is kept or not', (label, isKept) => {
    expect(clientIdentity(new HeaderView(['x-punku-label', label])).label).toBe(isKept ? label : undefined)
  })

  test("prefers Claude Code's own header", () => {
    const headers = new HeaderView(['x-session-id', 'general', 'x-claude-code-session-id', 'own'])
    expect(clientIdentity(headers).sessionId).toBe('own')
  })
})
