import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { CommandFailure } from '../../core/command-failure.ts'
import { ClaudeTranscript } from './claude-transcript.ts'
import { CodexTranscript } from './codex-transcript.ts'
import { isRecordId, type SessionRecord } from './session-record.ts'
import { type TranscriptCounter, type TranscriptLine, transcriptFields } from './transcript.ts'

/**
 * Counts the sessions that these files tell of, each a transcript of Claude Code or Codex; those of one session, as
 * subagents have files of their own, are counted together. They are read line by line, and nothing of what was said is kept.
 * @throws CommandFailure `ended` for a file that cannot be read, or is no such transcript
 */
export async function readTranscripts(
  files: readonly string[],
  label: string | null,
): Promise<readonly SessionRecord[]> {
  const counters = new Map<string, TranscriptCounter>()
  for (const file of files) {
    let counter: TranscriptCounter | undefined
    for await (const line of linesOf(file)) {
      counter ??= counterOf(line, counters)
      counter?.add(line)
    }
    if (counter?.record() === undefined) throw noTranscript(file)
  }
  return [...counters.values()].flatMap((counter) => {
    const record = counter.record()
    return record === undefined ? [] : [{ ...record, label }]
  })
}

/** By the first line that names a session, as only one of them does. */
function counterOf(line: TranscriptLine, counters: Map<string, TranscriptCounter>): TranscriptCounter | undefined {
  const isCodex = line['type'] === 'session_meta'
  const id = isCodex ? transcriptFields(line['payload'])['id'] : (line['sessionId'] ?? line['session_id'])
  if (typeof id !== 'string' || !isRecordId(id)) return undefined
  const counter = counters.get(id) ?? (isCodex ? new CodexTranscript() : new ClaudeTranscript())
  counters.set(id, counter)
  return counter
}

/** The last line may be half written while the tool runs: what is no JSON is passed over. */
async function* linesOf(file: string): AsyncGenerator<TranscriptLine> {
  const input = createReadStream(file)
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const line = parse(text)
      if (line !== undefined) yield line
    }
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new CommandFailure('ended', `${file} cannot be read (${code}).`, { cause: error })
  } finally {
    input.destroy()
  }
}

function parse(text: string): TranscriptLine | undefined {
  try {
    return transcriptFields(JSON.parse(text))
  } catch {
    return undefined
  }
}

function noTranscript(file: string): CommandFailure {
  return new CommandFailure(
    'ended',
    `${file} is no transcript of Claude Code or Codex with an answer in it. They are in ~/.claude/projects/*/ID.jsonl and ~/.codex/sessions/**/rollout-*.jsonl; of Claude Code the output with --output-format stream-json --verbose is one too.`,
  )
}
