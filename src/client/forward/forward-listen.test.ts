import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { listenForward, parseForwardListen } from './forward-listen.ts'

test.each([
  ['11433', { host: '127.0.0.1', port: 11_433 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  ['localhost:8000', { host: '127.0.0.1', port: 8_000 }],
  ['[::1]:11434', { host: '::1', port: 11_434 }],
])('%s is read', (text, listen) => expect(parseForwardListen(text)).toEqual(listen))

test.each([
  '0.0.0.0:11434',
  ':11434',
  '192.168.0.2:11434',
  '[::]:11434',
  '127.0.0.1',
  '127.0.0.1:70000',
  'tailscale',
  '',
])('%s is refused', (text) => expect(() => parseForwardListen(text)).toThrow(/must be 127\.0\.0\.1:PORT/))

test('a port of the gateway itself is told as that, before anybody is asked who holds it', async () => {
  const never = () => Promise.reject(new Error('it was listened on'))
  const own = listenForward({ host: '127.0.0.1', port: 11_435 }, never, 'http://localhost:11435')
  await expect(own).rejects.toThrow(/where your gateway itself is.*--listen 127\.0\.0\.1:11434$/)
  const elsewhere = listenForward({ host: '127.0.0.1', port: 0 }, async () => 1, 'https://gateway.test:11435')
  expect(await elsewhere).toBe(1)
})

test('nothing but loopback is listened on, and no port that somebody holds', async () => {
  const never = () => Promise.reject(new Error('it was listened on'))
  await expect(listenForward({ host: '0.0.0.0', port: 0 }, never)).rejects.toThrow(/no other machine may/)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    await expect(listenForward({ host: '127.0.0.1', port }, never)).rejects.toThrow(`(pid ${process.pid})`)
  } finally {
    server.close()
  }
  const taken = () => Promise.reject(Object.assign(new Error('taken'), { code: 'EADDRINUSE' }))
  await expect(listenForward({ host: '127.0.0.1', port: 0 }, taken)).rejects.toThrow(/is held by another program/)
  const denied = () => Promise.reject(Object.assign(new Error('denied'), { code: 'EACCES' }))
  await expect(listenForward({ host: '127.0.0.1', port: 0 }, denied)).rejects.toThrow(/EACCES.*another address/)
})
