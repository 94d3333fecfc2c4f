import type { FormatName } from '../../src/formats/format.ts'
import { FORMATS } from '../../src/formats/formats.ts'
import { type Frame, FrameSplitter } from '../../src/formats/frames.ts'
import { orderCheckOf } from '../../src/formats/order/orders.ts'

/** The first fault of a whole stream; `undefined`: it has none. */
export function orderFaultOf(format: FormatName, stream: string): string | undefined {
  const { stream: form } = FORMATS[format]
  if (form === undefined) throw new Error(`${format} has no streams`)
  const splitter = new FrameSplitter(form.framing)
  return faultOfFrames(format, [...splitter.push(new TextEncoder().encode(stream)), ...splitter.end()])
}

/** The first fault of frames that are a whole stream. */
export function faultOfFrames(format: FormatName, frames: readonly Frame[]): string | undefined {
  const check = orderCheckOf(format)
  if (check === undefined) throw new Error(`no order of ${format} is known`)
  for (const frame of frames) {
    const fault = check.push(frame)
    if (fault !== undefined) return fault
  }
  return check.end()
}

/** Events whose name is their own `type`. */
export function namedFrames(events: readonly object[]): readonly Frame[] {
  return events.map((event) => ({
    event: 'type' in event ? `${event.type}` : '',
    data: JSON.stringify(event),
  }))
}

/** Events or lines without a name. A text stands as it is. */
export function plainFrames(frames: readonly (object | string)[]): readonly Frame[] {
  return frames.map((frame) => ({ event: '', data: typeof frame === 'string' ? frame : JSON.stringify(frame) }))
}
