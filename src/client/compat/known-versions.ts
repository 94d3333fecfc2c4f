import { versionOrder } from './version-order.ts'

/** What is known of some versions of a tool or a model server with Punku. */
export interface VersionClaim {
  /** The name of a `ClientTool`, or of a model server as the gateway tells it. */
  readonly of: string
  /** The first version it is known of. */
  readonly from: string
  /** The first version above it of which it is not known; `undefined`: it is known of `from` alone. */
  readonly below?: string
  readonly state: 'works' | 'limited' | 'broken'
  /** What works or does not, for people. */
  readonly said: string
  /** How it is known. */
  readonly evidence: string
}

const TURN = 'A turn with a tool call, direct and tunnelled, on servers of each API.'
const SUITE = 'test/tools/turns.test.ts'
const BY_HAND = 'tried by hand on 2026-11-29'

/** What is known. A version is known where it was tried; between two of them nothing is guessed. */
export const KNOWN_VERSIONS: readonly VersionClaim[] = [
  { of: 'claude', from: '2.1.197', state: 'works', said: TURN, evidence: SUITE },
  { of: 'claude', from: '2.1.332', state: 'works', said: TURN, evidence: BY_HAND },
  { of: 'codex', from: '0.171.0', state: 'works', said: TURN, evidence: SUITE },
  { of: 'opencode', from: '1.18.33', state: 'works', said: TURN, evidence: SUITE },
  { of: 'qwen', from: '0.24.4', state: 'works', said: TURN, evidence: SUITE },
  { of: 'copilot', from: '1.0.102', state: 'works', said: TURN, evidence: SUITE },
  { of: 'pi', from: '1.6.0', state: 'works', said: TURN, evidence: SUITE },
  { of: 'aider', from: '0.86.2', state: 'works', said: 'Text by three APIs.', evidence: 'test/tools/aider.test.ts' },
  { of: 'cline', from: '3.0.65', state: 'works', said: TURN, evidence: BY_HAND },
  { of: 'continue', from: '1.5.47', state: 'works', said: TURN, evidence: BY_HAND },
  { of: 'droid', from: '0.215.0', state: 'works', said: TURN, evidence: BY_HAND },
  {
    of: 'ollama',
    from: '0.0.1',
    below: '0.1.24',
    state: 'limited',
    said: 'It has no OpenAI API: its clients are translated.',
    evidence: "its source, by the release that brought the route's",
  },
  {
    of: 'ollama',
    from: '0.1.24',
    below: '0.13.3',
    state: 'limited',
    said: 'It has neither /v1/responses nor /v1/messages: Codex and Claude Code are translated.',
    evidence: 'its source, by the release that brought the routes',
  },
  {
    of: 'ollama',
    from: '0.13.3',
    below: '0.14.0',
    state: 'limited',
    said: 'It has no /v1/messages: Claude Code is translated.',
    evidence: 'its source, by the release that brought the route',
  },
  {
    of: 'ollama',
    from: '0.14.0',
    below: '0.17.1',
    state: 'limited',
    said: 'Whoever may create and push models can read its memory (CVE-2026-7482). Update it to 0.17.1 or newer.',
    evidence: 'the advisory',
  },
]

/** What is known of one version; `undefined`: nothing. Where several claims hold, the worst counts. */
export function claimOf(
  name: string,
  version: string,
  claims: readonly VersionClaim[] = KNOWN_VERSIONS,
): VersionClaim | undefined {
  const fitting = claims.filter((claim) => claim.of === name && covers(claim, version))
  return (['broken', 'limited', 'works'] as const)
    .map((state) => fitting.find((claim) => claim.state === state))
    .find((claim) => claim !== undefined)
}

function covers({ from, below }: VersionClaim, version: string): boolean {
  const toFrom = versionOrder(version, from)
  if (toFrom === undefined) return false
  if (below === undefined) return toFrom === 0
  return toFrom >= 0 && (versionOrder(version, below) ?? 0) < 0
}
