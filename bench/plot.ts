/** One line of a plot. */
export interface Series {
  readonly title: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

export interface Plot {
  readonly title: string
  /** What runs to the right, by powers of ten. */
  readonly xTitle: string
  readonly yTitle: string
  readonly series: readonly Series[]
}

const WIDTH = 360
const HEIGHT = 220
const LEFT = 48
const RIGHT = 24
const TOP = 44
const BOTTOM = 40
/** Readable on white and on black. */
const COLOURS = ['#3b82f6', '#f97316', '#10b981', '#a855f7']
const GRID_LINES = 4

/** Plots beside one another as one SVG image, which needs no font and no style of the page around it. */
export function renderPlots(plots: readonly Plot[]): string {
  const parts = plots.map((plot, at) => `<g transform="translate(${at * WIDTH} 0)">${renderPlot(plot)}</g>`)
  const width = WIDTH * plots.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}"`,
    ` font-family="system-ui, sans-serif" font-size="11" fill="#808080" stroke-linejoin="round">`,
    ...parts,
    '</svg>\n',
  ].join('')
}

function renderPlot({ title, xTitle, yTitle, series }: Plot): string {
  const points = series.flatMap((one) => one.points)
  const xs = [...new Set(points.map(({ x }) => x))].sort((one, other) => one - other)
  const [least = 1, most = 10] = [xs[0], xs.at(-1)]
  const top = roundUp(Math.max(...points.map(({ y }) => y), 0))
  const placeX = (x: number) =>
    LEFT + ((Math.log10(x) - Math.log10(least)) / (Math.log10(most) - Math.log10(least) || 1)) * (WIDTH - LEFT - RIGHT)
  const placeY = (y: number) => HEIGHT - BOTTOM - (y / top) * (HEIGHT - TOP - BOTTOM)
  const grid = Array.from({ length: GRID_LINES + 1 }, (_, at) => (top * at) / GRID_LINES).map((y) => {
    const at = placeY(y).toFixed(1)
    return `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="#8080804d"/>${text(LEFT - 6, placeY(y) + 4, label(y), 'end')}`
  })
  const ticks = xs.map((x) => text(placeX(x), HEIGHT - BOTTOM + 16, x.toLocaleString('en'), 'middle'))
  const lines = series.map(({ points: own }, at) => {
    const colour = COLOURS[at % COLOURS.length]
    const path = own.map(
      ({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${placeX(x).toFixed(1)} ${placeY(y).toFixed(1)}`,
    )
    const dots = own.map(
      ({ x, y }) => `<circle cx="${placeX(x).toFixed(1)}" cy="${placeY(y).toFixed(1)}" r="3" fill="${colour}"/>`,
    )
    return `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}`
  })
  const legend = series.length === 1 ? [] : series.map(({ title: name }, at) => legendOf(name, at))
  return [
    text(LEFT, 16, `<tspan font-weight="600">${escapeXml(title)}</tspan>, ${escapeXml(yTitle)}`, 'start'),
    ...grid,
    ...ticks,
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, escapeXml(xTitle), 'middle'),
    ...lines,
    ...legend,
  ].join('')
}

function legendOf(name: string, at: number): string {
  const x = LEFT + at * 90
  return `<rect x="${x}" y="24" width="10" height="10" fill="${COLOURS[at % COLOURS.length]}"/>${text(x + 14, 33, escapeXml(name), 'start')}`
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${content}</text>`
}

function label(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })
}

/** The next of 1, 2, 4, 6, 8 times a power of ten: its quarters are easy to read. */
function roundUp(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return (([1, 2, 4, 6, 8].find((step) => step * power >= value) ?? 10) as number) * power
}

function escapeXml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
