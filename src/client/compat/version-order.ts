import { compareVersions, validate } from 'compare-versions'

/**
 * Which of two versions is the newer: above 0, the first; 0: neither. Numbers are compared as numbers, so that 0.10 comes
 * after 0.9, and a pre-release stands before its release. Reads `1.2.3`, `v1.2`, `1.0rc1` and builds such as `b6123`.
 * `undefined`: one of them is no version.
 */
export function versionOrder(a: string, b: string): number | undefined {
  const [first, second] = [plainVersion(a), plainVersion(b)]
  return first === undefined || second === undefined ? undefined : compareVersions(first, second)
}

function plainVersion(text: string): string | undefined {
  const plain = text
    .trim()
    .replace(/^[bv](?=\d)/i, '')
    // Python writes pre-releases without a hyphen: 1.0rc1, 1.0.dev2.
    .replace(/(\d)\.?(a|b|rc|dev)\.?(\d+)$/i, '$1-$2.$3')
    // The library takes a pre-release behind three numbers alone.
    .replace(/^(\d+)(?:\.(\d+))?-/, (_, major: string, minor = '0') => `${major}.${minor}.0-`)
  return validate(plain) ? plain : undefined
}
