import { expect, test } from 'vitest'
import { isOwnUrl } from './own-url.ts'

const MACHINE = { addresses: ['192.168.1.5', 'fd00::5'], publicUrl: 'https://models.example.org' }

function isOwn(url: string, ...hosts: string[]): Promise<boolean> {
  return isOwnUrl(url, { ...MACHINE, listeners: hosts.map((host) => ({ host, port: 11_435 })) })
}

test.each([
  ['http://127.0.0.1:11435', '127.0.0.1'],
  ['http://127.0.0.1:11435/base', '127.0.0.1'],
  ['https://127.0.0.1:11435', '127.0.0.1'],
  ['http://localhost:11435', '127.0.0.1'],
  ['http://2130706433:11435', '127.0.0.1'],
  ['http://0x7f.1:11435', '127.0.0.1'],
  ['http://[::ffff:127.0.0.1]:11435', '127.0.0.1'],
  ['http://0.0.0.0:11435', '127.0.0.1'],
  ['http://[::]:11435', '::1'],
  ['http://[0:0::1]:11435', '::1'],
  ['http://192.168.1.5:11435', '192.168.1.5'],
  ['http://192.168.1.5:11435', '0.0.0.0'],
  ['http://[fd00:0::5]:11435', '::'],
  ['http://127.0.0.1:11435', '::'],
  ['http://127.9.9.9:11435', '0.0.0.0'],
  ['http://[::ffff:127.0.0.1]:11435', '0.0.0.0'],
  ['http://[::ffff:192.168.1.5]:11435', '0.0.0.0'],
  ['https://models.example.org/anything', '127.0.0.1'],
])('%s leads to a gateway on %s', async (url, host) => {
  expect(await isOwn(url, host)).toBe(true)
})

test.each([
  ['http://127.0.0.1:11434', '127.0.0.1'],
  ['http://127.0.0.1', '127.0.0.1'],
  ['http://127.0.0.2:11435', '127.0.0.1'],
  ['http://192.168.1.5:11435', '127.0.0.1'],
  ['http://192.168.1.6:11435', '0.0.0.0'],
  ['http://models.example.org', '127.0.0.1'],
  ['http://nowhere.invalid:11435', '0.0.0.0'],
])('%s does not lead to a gateway on %s', async (url, host) => {
  expect(await isOwn(url, host)).toBe(false)
})

test('the ports that a scheme stands for count', async () => {
  const places = { ...MACHINE, publicUrl: undefined }
  expect(await isOwnUrl('http://127.0.0.1', { ...places, listeners: [{ host: '127.0.0.1', port: 80 }] })).toBe(true)
  expect(await isOwnUrl('https://127.0.0.1', { ...places, listeners: [{ host: '127.0.0.1', port: 443 }] })).toBe(true)
  expect(await isOwnUrl('https://127.0.0.1', { ...places, listeners: [{ host: '127.0.0.1', port: 80 }] })).toBe(false)
})
