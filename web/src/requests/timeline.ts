import type { RequestBody } from '../../../src/contract/requests.ts'
import type { Tone } from '../charts/chart.ts'

/** What a request went through, in this order. */
export type PhaseName = 'gateway' | 'load' | 'prompt' | 'answer'

/** A part of a request's time. Milliseconds from its arrival. */
export interface Phase {
  readonly name: PhaseName
  readonly fromMs: number
  readonly untilMs: number
}

export const PHASES: Readonly<Record<PhaseName, { readonly title: string; readonly tone: Tone; readonly of: string }>> =
  {
    gateway: { title: 'In the gateway', tone: 'four', of: 'Read, checked, and an upstream chosen' },
    load: { title: 'Model loaded', tone: 'two', of: 'As the model server says' },
    prompt: { title: 'Until the first byte', tone: 'three', of: 'The prompt is read' },
    answer: { title: 'Answer', tone: 'one', of: 'From the first byte to the end' },
  }

type Timed = Pick<RequestBody, 'sentMs' | 'loadMs' | 'ttfbMs' | 'durationMs'>

/** The parts of a request's time, one after the other, from 0 to its end. Those that it never came to are left out. */
export function phasesOf({ sentMs, loadMs, ttfbMs, durationMs }: Timed): Phase[] {
  const sent = Math.min(sentMs ?? durationMs, durationMs)
  const firstByte = Math.min(Math.max(ttfbMs ?? durationMs, sent), durationMs)
  // The model server's own clock says how long it loaded, which cannot have been longer than it took to answer.
  const loaded = Math.min(sent + (loadMs ?? 0), firstByte)
  const phases: Phase[] = [
    { name: 'gateway', fromMs: 0, untilMs: sent },
    { name: 'load', fromMs: sent, untilMs: loaded },
    { name: 'prompt', fromMs: loaded, untilMs: firstByte },
    { name: 'answer', fromMs: firstByte, untilMs: durationMs },
  ]
  return phases.filter(({ fromMs, untilMs }) => untilMs > fromMs)
}

/**
 * How fast the answer came, in tokens per second; null where that cannot be said: too few tokens, or an answer that
 * came in one piece.
 */
export function tokensPerSecond(request: Timed & Pick<RequestBody, 'completionTokens' | 'isStreamed'>): number | null {
  const { completionTokens, isStreamed, ttfbMs, durationMs } = request
  if (!isStreamed || ttfbMs === null || completionTokens === null || completionTokens < 2) return null
  const answerMs = durationMs - ttfbMs
  // The first token came with the first byte.
  return answerMs > 0 ? ((completionTokens - 1) * 1_000) / answerMs : null
}
