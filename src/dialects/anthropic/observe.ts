import { asObject, asText, type JsonObject } from '../json-facts.ts'
import type { FrameReader } from '../stream-watcher.ts'
import { overlayUsage, readAnthropicUsage } from './usage.ts'

/** Events of `/v1/messages`. `message_start` tells of the prompt, `message_delta` of the answer; each block delta is content. */
export function anthropicReader(): FrameReader {
  let counts: JsonObject = {}
  return {
    framing: 'events',
    marker: /message_|error"/,
    contentMarker: /block_delta"/,
    read(event) {
      switch (event['type']) {
        case 'message_start': {
          const message = asObject(event['message']) ?? {}
          counts = asObject(message['usage']) ?? {}
          // Its `output_tokens` is where the count begins; what was said is told by `message_delta` only.
          const usage = { ...readAnthropicUsage(counts), completionTokens: undefined }
          return { model: asText(message['model']), usage, isContent: false }
        }
        case 'message_delta':
          counts = overlayUsage(counts, asObject(event['usage']) ?? {})
          return { usage: readAnthropicUsage(counts), isContent: false }
        case 'message_stop':
          return { outcome: 'complete', isContent: false }
        case 'error':
          return { outcome: 'failed', isContent: false }
        default:
          return { isContent: event['type'] === 'content_block_delta' }
      }
    },
  }
}
