import { IS_FIELD_TEXT, IS_TOKEN } from './message-syntax.ts'

const EQUALS = 0x3d
const SEMICOLON = 0x3b
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Where in the extensions of a chunk a byte stands (RFC 9112 §7.1.1). */
export const EXTENSION = {
  none: 0,
  nameStart: 1,
  name: 2,
  valueStart: 3,
  value: 4,
  quoted: 5,
  escaped: 6,
  closed: 7,
} as const

/** Whether the line may end there. */
export function mayEndExtensions(state: number): boolean {
  return state === EXTENSION.name || state === EXTENSION.value || state === EXTENSION.closed
}

/** Where the byte after `byte` stands; -1: it may not stand here. No space around `;` and `=`, which nobody may send. */
export function afterExtensionByte(state: number, byte: number): number {
  switch (state) {
    case EXTENSION.nameStart:
      return IS_TOKEN[byte] === 1 ? EXTENSION.name : -1
    case EXTENSION.name:
      if (IS_TOKEN[byte] === 1) return state
      if (byte === EQUALS) return EXTENSION.valueStart
      return byte === SEMICOLON ? EXTENSION.nameStart : -1
    case EXTENSION.valueStart:
      if (byte === QUOTE) return EXTENSION.quoted
      return IS_TOKEN[byte] === 1 ? EXTENSION.value : -1
    case EXTENSION.value:
      if (IS_TOKEN[byte] === 1) return state
      return byte === SEMICOLON ? EXTENSION.nameStart : -1
    case EXTENSION.quoted:
      if (byte === QUOTE) return EXTENSION.closed
      if (byte === BACKSLASH) return EXTENSION.escaped
      return IS_FIELD_TEXT[byte] === 1 ? state : -1
    case EXTENSION.escaped:
      return IS_FIELD_TEXT[byte] === 1 ? EXTENSION.quoted : -1
    default:
      return byte === SEMICOLON ? EXTENSION.nameStart : -1
  }
}
