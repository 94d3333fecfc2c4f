import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { upstreamWords } from './upstream-words.ts'

const wordsOf = (body: string) => upstreamWords(Buffer.from(body))

describe('upstreamWords', () => {
  test.each([
    ['{"error":"model requires more system memory"}', 'model requires more system memory'],
    ['{"error":{"message":"Loading model","code":503}}', 'Loading model'],
    ['{"type":"error","error":{"type":"api_error","message":"no slot"}}', 'no slot'],
    ['{"object":"error","message":"too long","code":400}', 'too long'],
    ['{"detail":"Not Found"}', 'Not Found'],
    ['{"error":"a line"}\n{"more":1}\n', 'a line'],
    ['404 page not found\n', '404 page not found'],
    ['<html><head><title>502 Bad\n Gateway</title></head><body>x</body></html>', '502 Bad Gateway'],
    ['  out\tof\u0000\u202e memory\r\n at once ', 'out of memory at once'],
    [
      'POST /v1/chat/completions: llama3:8b needs std::vector at 12 %',
      'POST /v1/chat/completions: llama3:8b needs std::vector at 12 %',
    ],
    [
      'hf.co/unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF:Q4_K_M is not here',
      'hf.co/unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF:Q4_K_M is not here',
    ],
  ])('of %j is %j', (body, words) => expect(wordsOf(body)).toBe(words))

  test.each(['', ' \n', '{}', '{"error":{}}', '{"error":"', '[1]', '<p>no title</p>', '{"detail":[{"input":"x"}]}'])(
    'there are none in %j',
    (body) => expect(wordsOf(body)).toBeUndefined(),
  )

  test.each([
    ['dial tcp 10.1.2.3:11434: refused', '10.1.2.3'],
    ['Post "http://gpu.internal:8000/v1/x?key=1": EOF', 'gpu.internal'],
    ['dial gpu-1.lan:11434', 'gpu-1.lan'],
    ['lookup localhost:8080 failed', 'localhost:8080'],
    ['from [fe80::1%3]:443, or fe80::a1:2', 'fe80::a1'],
    ['open /home/ada/.ollama/models/blobs/sha256-0011: no such file', 'ada'],
    ['open C:\\Users\\ada\\models\\x.gguf', 'ada'],
    ['Incorrect API key provided: sk-proj-abcdef123456', 'abcdef123456'],
    ['pk_0123456789_abcdefghij is unknown', 'pk_0123456789'],
    ['Authorization: Bearer abc.def is bad', 'abc.def'],
    [`digest ${'0a'.repeat(32)}`, '0a0a0a0a'],
  ])('leave out what is nobody’s business: %s', (body, secret) => {
    expect(wordsOf(body)).toContain('…')
    expect(wordsOf(body)).not.toContain(secret)
    expect(wordsOf(JSON.stringify({ error: body }))).not.toContain(secret)
  })

  test('are one line of at most 512 characters, of whatever body', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.boolean(), (bytes, isJson) => {
        const body = isJson ? Buffer.from(JSON.stringify({ error: Buffer.from(bytes).toString('latin1') })) : bytes
        const words = upstreamWords(body) ?? 'none'
        expect(words.length).toBeLessThanOrEqual(512)
        expect(words).toMatch(/^[^\p{C}]+$/u)
      }),
      { numRuns: 300 },
    )
    expect(wordsOf('word '.repeat(10_000))).toMatch(/^(?:word ){100,}w?o?r?d?…$/)
  })
})
