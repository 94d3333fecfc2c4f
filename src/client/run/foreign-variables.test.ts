import { expect, test } from 'vitest'
import { directLoopback, withoutForeign } from './foreign-variables.ts'

test.each([
  'ANTHROPIC_AUTH_TOKEN',
  'CLAUDE_CODE_USE_VERTEX',
  'AWS_BEARER_TOKEN_BEDROCK',
  'OPENAI_ORGANIZATION',
  'AZURE_OPENAI_ENDPOINT',
  'OLLAMA_HOST',
  'COPILOT_PROVIDER_TYPE',
  'GEMINI_API_KEY',
  'GOOGLE_API_KEY',
  'OPENROUTER_API_KEY',
  'DEEPSEEK_API_KEY',
  'AIDER_MODEL',
  'openai_api_key',
])('%s is taken away', (name) =>
  expect(withoutForeign({ [name]: 'x', PATH: '/bin' })).toEqual({ env: { PATH: '/bin' }, removed: [name] }),
)

test.each([
  'AWS_ACCESS_KEY_ID',
  'GITHUB_TOKEN',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'HF_TOKEN',
  'CLAUDE_CONFIG_DIR',
  'PUNKU_HOME',
])('%s stays', (name) => expect(withoutForeign({ [name]: 'x' })).toEqual({ env: { [name]: 'x' }, removed: [] }))

test('this machine is reached past a proxy, and past one that only a file of a project names', () => {
  expect(directLoopback({})).toEqual({ NO_PROXY: '127.0.0.1,localhost', no_proxy: '127.0.0.1,localhost' })
  expect(directLoopback({ https_proxy: 'http://p:1', no_proxy: 'a' })).toEqual({
    NO_PROXY: 'a,127.0.0.1,localhost',
    no_proxy: 'a,127.0.0.1,localhost',
  })
})
