import { createServer } from 'node:http'
import { type AddressInfo, BlockList, isIPv6 } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { UpstreamFailure } from '../core/upstream-failure.ts'
import { HttpDispatcher } from './http-dispatcher.ts'
import { isMetadataHost, METADATA_ADDRESSES } from './metadata-addresses.ts'

/** Every way in which a URL can spell one of them. */
const SPELLINGS = [
  'http://169.254.169.254',
  'http://169.254.170.2:80/latest',
  'http://2852039166',
  'http://0xa9fea9fe',
  'http://0251.0376.0251.0376',
  'http://169.254.43518',
  'http://169.254.169.254.',
  'http://[::ffff:169.254.169.254]',
  'http://[::ffff:a9fe:a9fe]',
  'http://[64:ff9b::a9fe:a9fe]',
  'http://[fe80::1]',
  'http://[febf::1]',
  'http://[fd00:ec2::254]',
  'http://100.100.100.200',
  'http://168.63.129.16',
  'http://192.0.0.192',
]

/** How the request to an origin fails. */
function failureAt(origin: string, refused: BlockList): Promise<Error> {
  const dispatcher = new HttpDispatcher({ origin, refused, clock: systemClock })
  onTestFinished(() => dispatcher.destroy())
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(
      { origin, path: '/', method: 'GET' },
      {
        onResponseStart: () => reject(new Error('it was answered')),
        onResponseError: (_controller, error) => resolve(error),
      },
    )
  })
}

test.each(SPELLINGS)('%s is not connected to, in the clear nor by TLS', async (url) => {
  const { origin, host } = new URL(url)
  expect(isMetadataHost(url)).toBe(true)
  for (const of of [origin, `https://${host}`]) {
    const failure = await failureAt(of, METADATA_ADDRESSES)
    expect(failure).toBeInstanceOf(UpstreamFailure)
    expect(failure.message).toContain("a cloud's metadata service")
  }
})

test.each(['http', 'https'])(
  'a name that leads to a refused address is not connected to either: %s',
  async (scheme) => {
    let asked = 0
    const server = createServer((_req, res) => {
      asked++
      res.end()
    })
    server.on('connection', () => asked++)
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const refused = new BlockList()
    refused.addSubnet('127.0.0.0', 8)
    refused.addAddress('::1', 'ipv6')
    // What it resolves to is looked at when the connection is made, and not when the name was given.
    expect((await failureAt(`${scheme}://localhost:${port}`, refused)).message).toContain('is, or leads to')
    expect(asked).toBe(0)
  },
)

test.each([
  'http://127.0.0.1',
  'http://[::1]',
  'http://192.168.1.9',
  'http://10.0.0.1',
  'http://[fd00::1]',
  'http://gpu',
])('%s is where model servers stand', (url) => {
  const { hostname } = new URL(url)
  expect(isMetadataHost(url)).toBe(false)
  const address = hostname.replace(/^\[|\]$/g, '')
  if (hostname !== 'gpu') expect(METADATA_ADDRESSES.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')).toBe(false)
})
