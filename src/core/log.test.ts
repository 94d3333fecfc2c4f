import { describe, expect, test } from 'vitest'
import { createLog } from './log.ts'

const HOSTILE = 'a\u001b]0;t\u0007\u001b[95m\u009b1m\u202e\u2066\u007f\u2028b'

function lines(
  format: 'json' | 'human',
  isTTY = false,
): { readonly text: () => string; readonly log: ReturnType<typeof createLog> } {
  let text = ''
  const destination = {
    isTTY,
    write: (line: string) => {
      text += line
    },
  }
  return { text: () => text, log: createLog({ level: 'debug', format, destination }) }
}

function writeAll(log: ReturnType<typeof createLog>): void {
  log.child({ part: 'relay' }).info({ reason: HOSTILE, [HOSTILE]: { models: [HOSTILE] } }, 'upstream.down')
  log.error({ err: new Error(HOSTILE, { cause: Object.assign(new Error(HOSTILE), { code: HOSTILE }) }) }, 'failed')
}

describe('what strangers wrote steers no terminal', () => {
  test('by a line of JSON, which still says it', () => {
    const { log, text } = lines('json')
    writeAll(log)
    expect(text()).toMatch(/^[\n\x20-\x7e]+$/)
    const [first, second] = text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(first).toMatchObject({ part: 'relay', reason: HOSTILE, [HOSTILE]: { models: [HOSTILE] } })
    expect(second).toMatchObject({ level: 'error', msg: 'failed', err: { type: 'Error' } })
  })

  test.each([false, true])('by lines for people (terminal: %j)', (isTTY) => {
    const { log, text } = lines('human', isTTY)
    writeAll(log)
    // But for the colours of the library.
    expect(text()).not.toContain('\u001b[95m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
    expect(text().replaceAll(/\u001b\[\d+m/g, '')).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_C}\u2028\u2029]/u)
    expect(text()).toContain('upstream.down')
    expect(text()).toContain('log.test.ts')
  })
})

test('lines for people are told by the terminal, without the part', () => {
  const { log, text } = lines('human')
  log.child({ part: 'relay' }).warn({ label: 'attic' }, 'link.down')
  expect(text()).toMatch(/^\[\d\d:\d\d:\d\d\].* WARN.*: link\.down \{"label":"attic"\}\n$/)
})
