import { expect, test } from 'vitest'
import { exposureFix } from './exposure-fix.ts'

test.each([
  ['ollama', 'linux', 'sudo systemctl edit ollama'],
  ['ollama', 'darwin', 'launchctl setenv OLLAMA_HOST "127.0.0.1:11434"'],
  ['ollama', 'win32', 'set OLLAMA_HOST to 127.0.0.1:11434'],
  ['ollama', 'freebsd', 'Set OLLAMA_HOST=127.0.0.1:11434'],
  ['llama-server', 'linux', '--host 127.0.0.1'],
  ['vllm', 'linux', '--host 127.0.0.1'],
  ['lm-studio', 'darwin', 'Serve on Local Network'],
  ['openai', 'linux', 'listen on 127.0.0.1 only'],
  [undefined, 'linux', 'listen on 127.0.0.1 only'],
] as const)('the fix for %s on %s', (server, platform, expected) => {
  expect(exposureFix({ server, port: 11_434 }, platform)).toContain(expected)
})
