/** What a terminal acts on, but the end of a line: controls, and what turns the direction of writing. All are of one UTF-16 unit. */
const STEERING = /(?!\n)[\p{Cc}\p{Bidi_C}\u2028\u2029]/gu

/** What stands for a character that may not be shown. */
export const UNREADABLE = '\ufffd'

/** Text that cannot steer the terminal: each such character, but the end of a line, shows as one that cannot be read. */
export function withoutSteering(text: string): string {
  return text.replace(STEERING, UNREADABLE)
}

/** JSON that means the same, with such characters written as JSON may write them. */
export function escapeSteering(json: string): string {
  return json.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
