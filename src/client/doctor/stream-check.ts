import { formatDuration } from '../../core/units.ts'
import type { Check, HopFinding } from '../../diagnosis/walk.ts'
import { namedServer, unbufferAdvice } from '../../machine/way/named-server.ts'
import type { ChatReport } from './chat-ask.ts'
import type { ClientScene } from './client-scene.ts'
import { streamPace } from './stream-pace.ts'

const QUESTION = { prompt: 'Count from one to forty in words, and say nothing else.', maxTokens: 64 }
const SHORT = { prompt: 'Say yes.', maxTokens: 1 }

/** A longer answer comes as it is written, and is not held back on the way. */
export function streamCheck(scene: ClientScene): Check {
  return {
    hop: 'stream',
    title: 'Answers are not held back',
    look: async (signal) => {
      const model = await scene.model(signal)
      if (model === undefined) return { state: 'skipped', said: 'No model was asked.' }
      const report = await scene.chat(model, QUESTION, signal)
      if (report.refusal !== undefined || !report.isComplete) {
        return {
          state: 'broken',
          said: `A short answer came, and one of ${QUESTION.maxTokens} tokens did not: ${report.refusal?.text ?? 'it broke off'}.`,
          advice:
            "Run it once more; if it stays, see the model server's log, and whether a proxy on the way limits time.",
        }
      }
      const { pieceAtMs, writtenForMs } = report
      // The first answer may have waited for the model to load: how soon one begins is seen on another.
      const isInDoubt = writtenForMs === undefined && pieceAtMs.length > 1 && isLump(pieceAtMs)
      const usualFirstMs = isInDoubt ? (await scene.chat(model, SHORT, signal)).pieceAtMs[0] : undefined
      return judged(report, usualFirstMs)
    },
  }
}

function isLump(pieceAtMs: readonly number[]): boolean {
  const [firstMs = 0] = pieceAtMs
  return ((pieceAtMs.at(-1) ?? 0) - firstMs) * 5 < firstMs
}

function judged({ headers, pieceAtMs, writtenForMs }: ChatReport, usualFirstMs: number | undefined): HopFinding {
  const pace = streamPace({ pieceAtMs, writtenForMs, usualFirstMs })
  switch (pace.kind) {
    case 'flowing':
      return {
        state: 'ok',
        said: `${pieceAtMs.length} pieces came one after the other, ${Math.round(pace.perSecond)} a second; the longest gap was ${formatDuration(pace.longestGapMs)}.`,
      }
    case 'too-short':
      return { state: 'ok', said: 'It came at once: too fast, or too short, for anything to be held back.' }
    case 'held-back': {
      const name = namedServer(headers)
      return {
        state: 'broken',
        said: `It is held back on the way: written in ${formatDuration(pace.writtenMs)}, it came within ${formatDuration(pace.cameWithinMs)}. ${name === undefined ? 'What does it gives itself no name' : `A proxy is on the way that names itself: ${name}`}.`,
        advice: unbufferAdvice(name),
      }
    }
  }
}
