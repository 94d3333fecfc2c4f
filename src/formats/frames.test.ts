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

  it('passes over an event whose lines are together too long, and keeps none of them', () => {
    const line = `data: ${'x'.repeat(1_048_576)}\n`
    expect(cut('events', `${line.repeat(9)}\ndata: next\n\n`, 65_536)).toEqual([{ event: '', data: 'next' }])
  })

  it('takes a last line without a line break, and no empty ones', () => {
    expect(cut('lines', '{"a":1}\n\r\n{"b":2}', 3)).toEqual([
      { event: '', data: '{"a":1}' },
      { event: '', data: '{"b":2}' },
    ])
  })
})
