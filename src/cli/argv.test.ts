import { expect, test } from 'vitest'
import { refuseSecrets } from './argv.ts'

const SECRET = `${'a'.repeat(10)}_${'b'.repeat(52)}`

test.each([
  ...['pk', 'pd', 'pt', 'pr', 'pi'].map((kind) => `${kind}_${SECRET}`),
  `pc_${'a'.repeat(32)}_${'b'.repeat(43)}`,
  `--token=pt_${SECRET}`,
  `--token:pt_${SECRET}`,
  `https://gateway.example.org/?key=pk_${SECRET}`,
  `Bearer pk_${SECRET}`,
  ` pk_${SECRET}\n`,
  'https://ana:s3cret@gateway.example.org',
  'http://s3cret@127.0.0.1:11434',
  '--upstream=http://:s3cret@127.0.0.1',
  'postgres://punku:s3cret@db/punku',
])('%j is refused, and not repeated', (word) => {
  const refuse = () => refuseSecrets(['keys', 'show', word])
  expect(refuse).toThrow(expect.objectContaining({ name: 'UsageError' }))
  expect(refuse).not.toThrow(/s3cret|aaaa|bbbb/)
})

test.each([
  `pk_${'a'.repeat(10)}`,
  'a'.repeat(100),
  'eve@example.org',
  'https://gateway.example.org/@team',
  'http://[::1]:11434/v1',
  'llama3@latest',
  '--label=a@b',
  'sk-nobody-knows-whose',
  'pk_x_y',
  '',
])('%j is none that can be known', (word) => expect(() => refuseSecrets([word])).not.toThrow())
