import { curlLine } from '../playground/chat-request.ts'

/** Lines for a shell that ask a model once. @param publicUrl the gateway's address */
export function firstRequest(publicUrl: string, model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello in one line.' }] })
  return [
    'export PUNKU_KEY=pk_…',
    curlLine(publicUrl.replace(/\/$/, ''), {
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json' },
      body,
    }),
  ].join('\n')
}
