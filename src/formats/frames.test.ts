import { describe, expect, it } from 'vitest'
import { type Frame, FrameSplitter } from './frames.ts'

function cut(framing: 'events' | 'lines', text: string, pieceLength: number): Frame[] {
  const splitter = new FrameSplitter(framing)
  const frames: Frame[] = []
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.length; at += pieceLength) {
    frames.push(...splitter.push(bytes.subarray(at, at + pieceLength)))
  }
  return [...frames, ...splitter.end()]
}

describe('FrameSplitter', () => {
  const events =
    ': keep-alive\n\nevent: ping\ndata: {"a":1}\n\ndata: first\ndata:second\r\n\r\nid: 7\n\ndata: [DONE]\n\n'

  it('finds the same events wherever the pieces are cut', () => {
    for (let length = 1; length <= events.length; length += 1) {
      expect(cut('events', events, length)).toEqual([
        { event: 'ping', data: '{"a":1}' },
        { event: '', data: 'first\nsecond' },
        { event: '', data: '[DONE]' },
      ])
    }
  })

  it('drops an event that the end of the stream cut off', () => {
    expect(cut('events', 'data: whole\n\ndata: ha', 4)).toEqual([{ event: '', data: 'whole' }])
  })

  const MEBIBYTE = 'x'.repeat(1_048_576)
  const TOO_LONG: Frame = { event: '', data: '', isTooLong: true }
  const NEXT: Frame = { event: '', data: 'next' }

  it.each([
    ['an event whose lines are together too long', `data: ${MEBIBYTE}\n`.repeat(9)],
    ['an event with a line that is', `data: ${MEBIBYTE.repeat(9)}\n`],
  ])('keeps nothing of %s, and tells of it', (_what, lines) => {
    expect(cut('events', `${lines}\ndata: next\n\n`, 65_536)).toEqual([TOO_LONG, NEXT])
  })

  it('tells of a line of NDJSON that is too long', () => {
    expect(cut('lines', `${MEBIBYTE.repeat(9)}\nnext\n`, 65_536)).toEqual([TOO_LONG, NEXT])
  })

  it('says nothing of a comment, however long', () => {
    expect(cut('events', `: ${MEBIBYTE.repeat(9)}\n\ndata: next\n\n`, 65_536)).toEqual([NEXT])
  })

  it.each(['events', 'lines'] as const)('takes a byte order mark off the first frame of %s alone', (framing) => {
    const [prefix, end] = framing === 'events' ? ['data:', '\n\n'] : ['', '\n']
    expect(cut(framing, `\ufeff${prefix}{}${end}${prefix}\ufeff7${end}`, 2)).toEqual([
      { event: '', data: '{}' },
      { event: '', data: '\ufeff7' },
    ])
  })

  it('takes a last line without a line break, and no empty ones', () => {
    expect(cut('lines', '{"a":1}\n\r\n{"b":2}', 3)).toEqual([
      { event: '', data: '{"a":1}' },
      { event: '', data: '{"b":2}' },
    ])
  })
})
