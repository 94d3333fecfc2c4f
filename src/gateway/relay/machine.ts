/** The longest each text about a machine may be, in characters; what is over is cut off. */
const MAX_TEXT_LENGTH = 100

/** What an agent says of the machine it runs on: for people to read, never to be relied on. Empty where it said nothing. */
export interface Machine {
  readonly name: string
  /** `linux`, `darwin`, `win32`. */
  readonly platform: string
  /** `x64`, `arm64`. */
  readonly arch: string
  /** The agent's name and version: `punku/0.4.0`. */
  readonly software: string
}

/**
 * A stranger's text as one line that can be shown: runs of white space are one space, and control characters, marks of
 * writing direction, half characters and what Unicode has not assigned are left out. 100 characters at most.
 */
export function shownText(text: string): string {
  // Cut before as well: what a peer may send is far longer than what is shown.
  const line = text
    .slice(0, 10 * MAX_TEXT_LENGTH)
    .replace(/\s/g, ' ')
    .replace(/\p{C}/gu, '')
    .replace(/ +/g, ' ')
    .trim()
  return Array.from(line).slice(0, MAX_TEXT_LENGTH).join('').trim()
}

/** What is stored of a machine, each text printable; of an unknown one, nulls. */
export function machineColumns(machine: Machine | undefined) {
  const text = (name: keyof Machine) => (machine === undefined ? null : shownText(machine[name]))
  return {
    machine_name: text('name'),
    machine_platform: text('platform'),
    machine_arch: text('arch'),
    machine_software: text('software'),
  }
}
