import {
  type Answer,
  callId,
  countInputs,
  jsonAnswer,
  ndjsonAnswer,
  type Question,
  SCRIPTED_EMBEDDING,
  SCRIPTED_USAGE,
  type ScriptedStop,
  textAnswer,
} from './answer.ts'

const CREATED_AT = '2026-01-01T00:00:00.123456789Z'
const DIGEST = 'a'.repeat(64)
const DETAILS = {
  parent_model: '',
  format: 'gguf',
  family: 'llama',
  families: ['llama'],
  parameter_size: '1B',
  quantization_level: 'Q4_0',
}
const DURATIONS = { total_duration: 5_000_000, load_duration: 1_000_000 }
const COUNTS = {
  prompt_eval_count: SCRIPTED_USAGE.promptTokens,
  prompt_eval_duration: 1_000_000,
  eval_count: SCRIPTED_USAGE.completionTokens,
  eval_duration: 3_000_000,
}

export function ollamaChat({ model, body, thoughts, words, calls, stop }: Question): Answer {
  const base = { model, created_at: CREATED_AT }
  const called = calls.map(({ name, args }, index) => ({
    id: callId(index),
    function: { index, name, arguments: args },
  }))
  const line = (message: object) => ({ ...base, message: { role: 'assistant', content: '', ...message }, done: false })
  const content = (text: string) => line({ content: text })
  const end = { done: true, done_reason: doneReason(stop), ...DURATIONS, ...COUNTS }
  if (body['stream'] === false) {
    const said = called.length > 0 ? { content: '', tool_calls: called } : { content: words.join('') }
    const thought = thoughts.length > 0 ? { thinking: thoughts.join('') } : {}
    return jsonAnswer({ ...base, message: { role: 'assistant', ...said, ...thought }, ...end })
  }
  const lines: unknown[] = [
    ...thoughts.map((thinking) => line({ thinking })),
    ...(called.length > 0 ? called.map((call) => line({ tool_calls: [call] })) : words.map(content)),
  ]
  return ndjsonAnswer([...lines, { ...base, message: { role: 'assistant', content: '' }, ...end }], content)
}

export function ollamaGenerate({ model, body, thoughts, words, stop }: Question): Answer {
  const base = { model, created_at: CREATED_AT }
  const end = { done: true, done_reason: doneReason(stop), ...DURATIONS, ...COUNTS }
  if (body['stream'] === false) {
    const thought = thoughts.length > 0 ? { thinking: thoughts.join('') } : {}
    return jsonAnswer({ ...base, response: words.join(''), ...thought, ...end })
  }
  const content = (text: string) => ({ ...base, response: text, done: false })
  const thinking = thoughts.map((thought) => ({ ...content(''), thinking: thought }))
  return ndjsonAnswer([...thinking, ...words.map(content), { ...base, response: '', ...end }], content)
}

/** Which stop sequence was met it does not say. */
function doneReason(stop: ScriptedStop): string {
  return stop === 'length' ? 'length' : 'stop'
}

export function ollamaEmbed({ model, body }: Question): Answer {
  const embeddings = Array.from({ length: countInputs(body['input']) }, () => SCRIPTED_EMBEDDING)
  return jsonAnswer({ model, embeddings, ...DURATIONS, prompt_eval_count: SCRIPTED_USAGE.promptTokens })
}

/** The older `/api/embeddings`: one prompt, one vector. */
export function ollamaEmbeddings(): Answer {
  return jsonAnswer({ embedding: SCRIPTED_EMBEDDING })
}

export function ollamaTags(models: readonly string[]): Answer {
  return jsonAnswer({ models: models.map(tagEntry) })
}

export function ollamaPs(models: readonly string[]): Answer {
  const loaded = { expires_at: '2026-01-01T00:05:00Z', size_vram: 1_000_000, context_length: 4096 }
  return jsonAnswer({ models: models.slice(0, 1).map((name) => ({ ...tagEntry(name), ...loaded })) })
}

function tagEntry(name: string) {
  const isCloud = name.endsWith('-cloud') || name.endsWith(':cloud')
  const remote = isCloud ? { remote_model: name, remote_host: 'https://ollama.com:443' } : {}
  return { name, model: name, ...remote, modified_at: CREATED_AT, size: 1_000_000, digest: DIGEST, details: DETAILS }
}

export function ollamaShow(capabilities: readonly string[]): Answer {
  return jsonAnswer({
    modelfile: '# a scripted model\nFROM scripted\n',
    parameters: 'num_ctx                        4096',
    template: '{{ .Prompt }}',
    details: DETAILS,
    model_info: { 'general.architecture': 'llama', 'llama.context_length': 4096, 'llama.embedding_length': 4 },
    capabilities,
    modified_at: CREATED_AT,
  })
}

/** The progress of a pull, push or create. */
export function ollamaProgress(body: Readonly<Record<string, unknown>>): Answer {
  const done = { status: 'success' }
  if (body['stream'] === false) return jsonAnswer(done)
  const layer = { status: `pulling ${DIGEST.slice(0, 12)}`, digest: `sha256:${DIGEST}`, total: 100 }
  const lines = [{ status: 'pulling manifest' }, layer, { ...layer, completed: 100 }, done]
  return ndjsonAnswer(lines, (text) => ({ status: text }))
}

export function ollamaVersion(): Answer {
  return jsonAnswer({ version: '0.33.0' })
}

export function ollamaRoot(): Answer {
  return textAnswer('Ollama is running')
}
