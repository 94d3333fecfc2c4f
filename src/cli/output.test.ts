import { expect, onTestFinished, test, vi } from 'vitest'
import { localTime, print, printFile, printJson, renderTable, visible } from './output.ts'

test('a table stands in columns, numbers at the right', () => {
  const lines = renderTable(
    [{ title: 'NAME' }, { title: 'IN', isNumber: true }, { title: 'NOTE' }],
    [
      ['alice', '5', ''],
      ['b', '12345', 'x'],
    ],
  )
  expect(lines).toEqual(['NAME      IN  NOTE', 'alice      5', 'b      12345  x'])
})

test('a cell cannot steer the terminal: upstreams name their models', () => {
  const [, row = ''] = renderTable([{ title: 'MODEL' }], [['\u001b]0;gone\u0007a\u009b2Jb\r\nc']])
  expect(row).toBe('\ufffd]0;gone\ufffda\ufffd2Jb\ufffd\ufffdc')
})

test('a time is shown in the zone of the reader, none as -', () => {
  expect(localTime(new Date(2026, 0, 2, 3, 4, 5).toISOString())).toBe('2026-01-02 03:04:05')
  expect(localTime(null)).toBe('-')
})

const HOSTILE = 'a\u001b[2J\u009b1m\u202e\u2066\u007f\u2028\r\nb'
const SHOWN = 'a\ufffd[2J\ufffd1m\ufffd\ufffd\ufffd\ufffd\ufffd\nb'

/** What is written to standard output, which is a terminal or none. */
function written({ isTTY }: { readonly isTTY: boolean }): () => string {
  const chunks: string[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk, ...rest) => {
    chunks.push(String(chunk))
    const done = rest.find((one) => typeof one === 'function')
    if (done !== undefined) (done as () => void)()
    return true
  })
  const own = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
  Object.defineProperty(process.stdout, 'isTTY', { value: isTTY, configurable: true })
  onTestFinished(() => {
    write.mockRestore()
    if (own === undefined) Reflect.deleteProperty(process.stdout, 'isTTY')
    else Object.defineProperty(process.stdout, 'isTTY', own)
  })
  return () => chunks.join('')
}

test('whatever is printed steers no terminal, and keeps its lines', () => {
  const output = written({ isTTY: false })
  print(HOSTILE)
  expect(output()).toBe(`${SHOWN}\n`)
  expect(visible(HOSTILE)).toBe(SHOWN.replace('\n', '\ufffd'))
})

test('JSON says the same in characters that steer nothing', () => {
  const output = written({ isTTY: false })
  printJson({ [HOSTILE]: [HOSTILE] })
  expect(output()).toMatch(/^[\n\x20-\x7e]+$/)
  expect(JSON.parse(output())).toEqual({ [HOSTILE]: [HOSTILE] })
})

test('a file comes to the byte, but to a terminal as text', async () => {
  async function* pieces() {
    // A character in two pieces.
    const bytes = Buffer.from(`ü${HOSTILE}`)
    yield bytes.subarray(0, 1)
    yield bytes.subarray(1)
  }
  const file = written({ isTTY: false })
  await printFile(pieces())
  expect(file()).not.toContain('\ufffd[2J')
  const screen = written({ isTTY: true })
  await printFile(pieces())
  expect(screen()).toBe(`ü${SHOWN}`)
})
