import { expect, test } from 'vitest'
import { readTunnelHost, TunnelRefusal } from './tunnel-host.ts'

test.each([
  ['http://acme.tunnel/v1/models', { org: 'acme', upstream: undefined }],
  ['http://ollama.laptop.tunnel', { org: undefined, upstream: 'laptop' }],
  ['https://openai.my_box-2.tunnel', { org: undefined, upstream: 'my_box-2' }],
  ['http://anthropic.laptop.acme.tunnel', { org: 'acme', upstream: 'laptop' }],
  ['http://OLLAMA.Laptop.TUNNEL', { org: undefined, upstream: 'laptop' }],
  ['http://ollama.laptop.tunnel.', { org: undefined, upstream: 'laptop' }],
  ['http://ollama.laptop.tunnel:80', { org: undefined, upstream: 'laptop' }],
  ['http://ollama.laptop.tunnel:11434', { org: undefined, upstream: 'laptop' }],
])('%s names %j', (url, host) => expect(readTunnelHost(new URL(url))).toEqual(host))

test.each([
  'http://example.org',
  'http://ollama.laptop.tunnel.example.org',
  'http://mytunnel',
  'http://127.0.0.1:11434/ollama.laptop.tunnel',
  'http://example.org/?host=a.tunnel',
  'http://a.tunnel@example.org/',
])('%s is another host', (url) => expect(readTunnelHost(new URL(url))).toBeUndefined())

test.each([
  'http://tunnel',
  'http://.tunnel',
  'http://ollama..tunnel',
  'http://bar.laptop.tunnel',
  'http://a.ollama.laptop.acme.tunnel',
  'http://ollama.laptop.tunnel:8080',
  'http://user@ollama.laptop.tunnel',
  'http://user:hunter2@ollama.laptop.tunnel',
  'http://ollama.läptop.tunnel',
  'http://ollama.xn--lptop-gra.tunnel',
  'http://ollama.-laptop.tunnel',
  'http://ollama.lap%2ctop.tunnel',
  'ws://ollama.laptop.tunnel',
])('%s is refused', (url) => {
  let refused: unknown
  try {
    readTunnelHost(new URL(url))
  } catch (thrown) {
    refused = thrown
  }
  expect(refused).toBeInstanceOf(TunnelRefusal)
  expect(refused).toMatchObject({ reason: 'address', message: expect.stringContaining('http://<org>.tunnel') })
  expect((refused as Error).message).not.toContain('hunter2')
})
