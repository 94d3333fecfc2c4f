const BROWSERS = [
  ['Edge', /\bEdg(?:A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Headless)?(?:Chrome|CriOS)\//],
  ['Safari', /\bSafari\//],
] as const
const SYSTEMS = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['macOS', /\bMac OS X\b/],
  ['Windows', /\bWindows\b/],
  ['Linux', /\bLinux\b/],
] as const

/** A browser's long words about itself, in short: `Firefox on Linux`. Other programs keep their own words. */
export function softwareName(words: string | null): string {
  if (words === null || words === '') return 'Not said'
  const browser = BROWSERS.find(([, pattern]) => pattern.test(words))?.[0]
  if (browser === undefined) return words
  const system = SYSTEMS.find(([, pattern]) => pattern.test(words))?.[0]
  return system === undefined ? browser : `${browser} on ${system}`
}
