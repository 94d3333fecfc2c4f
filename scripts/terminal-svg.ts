const WIDTH = 900
const PADDING = 22
const BAR_HEIGHT = 34
const FONT_SIZE = 12.5
const LINE_HEIGHT = 18
/** The advance of a character as a part of the font size: as in the common monospace fonts, and set for all others. */
const ADVANCE = 0.6
const COLUMNS = Math.floor((WIDTH - 2 * PADDING) / (FONT_SIZE * ADVANCE))

const PROMPT = '$ '
const COLOURS = { command: '#e6edf3', output: '#adbac7', 'left-out': '#768390' } as const

/** One line of a session: what was typed, what came, or a mark for what the picture leaves out. */
export interface TerminalLine {
  readonly text: string
  readonly kind: 'command' | 'output' | 'left-out'
}

/** A terminal window with the lines, wrapped at its width, as an SVG document that refers to nothing outside itself. */
export function renderTerminal(lines: readonly TerminalLine[]): string {
  const rows = lines.flatMap(wrap)
  const height = BAR_HEIGHT + 2 * PADDING + rows.length * LINE_HEIGHT
  const texts = rows.map((row, index) => renderRow(row, BAR_HEIGHT + PADDING + (index + 0.75) * LINE_HEIGHT))
  const lights = ['#ff5f57', '#febc2e', '#28c840'].map(
    (colour, index) => `<circle cx="${22 + 20 * index}" cy="${BAR_HEIGHT / 2}" r="6" fill="${colour}"/>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="A terminal session with Punku">`,
    '<style>text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;white-space:pre}</style>',
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="10" fill="#1c2128" stroke="#444c56"/>`,
    `<path d="M0.5 ${BAR_HEIGHT}H${WIDTH - 0.5}" stroke="#444c56"/>`,
    ...lights,
    ...texts,
    '</svg>',
    '',
  ].join('\n')
}

interface Row extends TerminalLine {
  readonly hasPrompt: boolean
}

function wrap({ text, kind }: TerminalLine): Row[] {
  const whole = kind === 'command' ? PROMPT + text : text
  const rows: Row[] = []
  for (let at = 0; at === 0 || at < whole.length; at += COLUMNS) {
    rows.push({ text: whole.slice(at, at + COLUMNS), kind, hasPrompt: kind === 'command' && at === 0 })
  }
  return rows
}

function renderRow({ text, kind, hasPrompt }: Row, y: number): string {
  if (text === '') return ''
  const attributes = `x="${PADDING}" y="${y}" font-size="${FONT_SIZE}" fill="${COLOURS[kind]}"`
  const length = `textLength="${(text.length * FONT_SIZE * ADVANCE).toFixed(1)}"`
  const content = hasPrompt
    ? `<tspan fill="#57ab5a">${PROMPT}</tspan>${escapeXml(text.slice(PROMPT.length))}`
    : escapeXml(text)
  return `<text ${attributes} ${length} xml:space="preserve">${content}</text>`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
