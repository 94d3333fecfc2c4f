import { asText } from '../json-facts.ts'
import type { FrameReader } from '../stream-watcher.ts'
import { readOllamaUsage } from './usage.ts'

const NOTHING = /(?!)/

/** Lines of `/api/chat` and `/api/generate`. Each line but the last carries about one token. */
export function ollamaDoneReader(): FrameReader {
  return {
    framing: 'lines',
    marker: /true|error"/,
    read(line) {
      const model = asText(line['model'])
      if (line['done'] !== true) return { model, isContent: line['error'] === undefined }
      return { outcome: 'complete', usage: readOllamaUsage(line), model, isContent: false }
    },
  }
}

/** Progress lines of `/api/pull`, `/api/push` and `/api/create`. None carries content. */
export function ollamaStatusReader(): FrameReader {
  return {
    framing: 'lines',
    marker: /success"|error"/,
    contentMarker: NOTHING,
    read(line) {
      return line['status'] === 'success' ? { outcome: 'complete', isContent: false } : { isContent: false }
    },
  }
}
