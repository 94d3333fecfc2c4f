import { asList, asObject, asText, type JsonObject } from '../json-facts.ts'
import type { FrameReader } from '../stream-watcher.ts'
import { readLlamaUsage, readOpenaiUsage } from './usage.ts'

/**
 * Chunks of `/v1/chat/completions` and `/v1/completions`. A chunk that is not read counts as content: the one with the
 * finish reason may be counted too many.
 */
export function openaiDoneReader(): FrameReader {
  return {
    framing: 'events',
    // OpenAI's own servers send `"usage":null` with every chunk.
    marker: /usage"(?!:null)|error"|timings"|DONE\]/,
    endData: '[DONE]',
    read(chunk) {
      const facts = { model: asText(chunk['model']), isContent: asList(chunk['choices']).some(carriesContent) }
      const usage = readOpenaiUsage(chunk)
      return usage === undefined ? facts : { ...facts, usage }
    },
  }
}

/** Events of `/v1/responses`. The last holds the whole response with its usage; each `delta` is content. */
export function openaiResponsesReader(): FrameReader {
  return {
    framing: 'events',
    marker: /(?:completed?|failed|error)"/,
    contentMarker: /delta"/,
    read(event) {
      const type = event['type']
      const response = asObject(event['response']) ?? {}
      const model = asText(response['model'])
      const usage = readOpenaiUsage(response)
      const facts = { model, isContent: 'delta' in event, ...(usage && { usage }) }
      if (type === 'response.completed' || type === 'response.incomplete') return { ...facts, outcome: 'complete' }
      if (type === 'response.failed' || type === 'error') return { ...facts, outcome: 'failed' }
      return facts
    },
  }
}

/** Frames of llama-server's own `/completion` and `/infill`. */
export function llamaStopReader(): FrameReader {
  return {
    framing: 'events',
    marker: /true|error"/,
    read(frame) {
      const model = asText(frame['model'])
      if (frame['stop'] !== true) return { model, isContent: asText(frame['content']) !== undefined }
      return { outcome: 'complete', usage: readLlamaUsage(frame), model, isContent: false }
    },
  }
}

function carriesContent(choice: unknown): boolean {
  const fields = asObject(choice)
  const delta = asObject(fields?.['delta'])
  return isContent(fields?.['text']) || (delta !== undefined && hasContent(delta))
}

function hasContent(delta: JsonObject): boolean {
  return Object.entries(delta).some(([name, value]) => name !== 'role' && isContent(value))
}

function isContent(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null)
}
