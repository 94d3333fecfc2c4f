/** What a scripted model says, and how its server renders a conversation into a prompt. */
export interface ScriptedModelOptions {
  /**
   * The answer, token by token; at most 127, none twice, none a single printable character. Default: the seven words
   * of ` Hello from a tiny scripted model .`
   */
  readonly tokens?: readonly string[]
  /** Another answer, for prompts that end with `cue`: a token of its own. With `tokens` at most 126. Default: there is none. */
  readonly onCue?: { readonly cue: string; readonly tokens: readonly string[] }
  /** The Jinja chat template. It must not end the prompt with a token of the answer. Default: one line a message. */
  readonly template?: string
  /** The answer begins again after its last token, until the request's limit or the context is reached. Default false. */
  readonly isEndless?: boolean
  /** The longest context the model says it was made for, in tokens. Default 262,144. */
  readonly contextLength?: number
}

export const PLAIN_TOKENS = [' Hello', ' from', ' a', ' tiny', ' scripted', ' model', ' .'] as const

const PLAIN_TEMPLATE =
  "{% for m in messages %}{{ '[' + m.role + '] ' + m.content + '\\n' }}{% endfor %}" +
  '{% if add_generation_prompt %}[assistant]{% endif %}'

/** Also the most answer tokens plus one: each needs a dimension of its own. */
const EMBEDDING_LENGTH = 128
const HEAD_COUNT = 4
const FEED_FORWARD_LENGTH = 64
/** How far the next token stands out: with every other logit at 0 it wins at any usual temperature. */
const OUTPUT_WEIGHT = 8

/** The value types of GGUF metadata that are used here, by their number in the format. */
const valueType = { int32: 5, float32: 6, boolean: 7, string: 8, array: 9, uint32: 4 } as const
const TENSOR_TYPE_F32 = 0
const TENSOR_ALIGNMENT_BYTES = 32

const tokenType = { normal: 1, unknown: 2, control: 3, byte: 6 } as const

interface Token {
  readonly text: string
  readonly score: number
  readonly type: number
}

interface Tensor {
  readonly name: string
  readonly dimensions: readonly number[]
  readonly values: Float32Array
}

/**
 * Builds a llama-architecture model file (GGUF version 3, F32, under 1 MB) that a real engine loads and that answers
 * every prompt with the same tokens and then stops. The same options give the same bytes.
 *
 * Attention and feed-forward weights are zero, so the hidden state is the last token's embedding. Dimension 0 stands
 * for any token outside the answer, dimension i + 1 for the answer's token i; the output row of each token of the
 * answer points at the dimension of what comes before it, and the end of text at the last one's. A cue and what is
 * said on it stand behind the answer in the same way, but nothing leads to the cue.
 */
export function buildScriptedModel(options: ScriptedModelOptions = {}): Buffer {
  const first = options.tokens ?? PLAIN_TOKENS
  const { onCue } = options
  const answer = [...first, ...(onCue === undefined ? [] : [onCue.cue, ...onCue.tokens])]
  if (first.length === 0 || answer.length >= EMBEDDING_LENGTH) {
    throw new RangeError(`a scripted model says 1 to ${EMBEDDING_LENGTH - 1} tokens, not ${answer.length}`)
  }
  const vocabulary = buildVocabulary(answer, onCue?.cue)
  const afterLast = options.isEndless ? vocabulary.answer : vocabulary.end
  const ids = answer.map((_, index) => vocabulary.answer + index)
  const next = [...ids.slice(0, first.length), afterLast, ...ids.slice(first.length + 1)]
  if (onCue !== undefined) next.push(vocabulary.end)
  const metadata = [
    text('general.architecture', 'llama'),
    text('general.name', 'tiny-scripted'),
    uint32('general.file_type', 0),
    uint32('llama.context_length', options.contextLength ?? 262_144),
    uint32('llama.embedding_length', EMBEDDING_LENGTH),
    uint32('llama.block_count', 1),
    uint32('llama.feed_forward_length', FEED_FORWARD_LENGTH),
    uint32('llama.attention.head_count', HEAD_COUNT),
    uint32('llama.attention.head_count_kv', HEAD_COUNT),
    entry('llama.attention.layer_norm_rms_epsilon', valueType.float32, f32(1e-5)),
    uint32('llama.rope.dimension_count', EMBEDDING_LENGTH / HEAD_COUNT),
    uint32('llama.vocab_size', vocabulary.tokens.length),
    text('tokenizer.ggml.model', 'llama'),
    list(
      'tokenizer.ggml.tokens',
      valueType.string,
      vocabulary.tokens.map((token) => str(token.text)),
    ),
    list(
      'tokenizer.ggml.scores',
      valueType.float32,
      vocabulary.tokens.map((token) => f32(token.score)),
    ),
    list(
      'tokenizer.ggml.token_type',
      valueType.int32,
      vocabulary.tokens.map((token) => u32(token.type)),
    ),
    uint32('tokenizer.ggml.unknown_token_id', vocabulary.unknown),
    uint32('tokenizer.ggml.bos_token_id', vocabulary.begin),
    uint32('tokenizer.ggml.eos_token_id', vocabulary.end),
    entry('tokenizer.ggml.add_bos_token', valueType.boolean, Buffer.from([1])),
    entry('tokenizer.ggml.add_space_prefix', valueType.boolean, Buffer.from([0])),
    text('tokenizer.chat_template', options.template ?? PLAIN_TEMPLATE),
  ]
  return renderFile(metadata, buildTensors(vocabulary, next))
}

interface Vocabulary {
  readonly tokens: readonly Token[]
  readonly unknown: number
  readonly begin: number
  readonly end: number
  /** The id of the answer's first token; the others follow it. */
  readonly answer: number
}

function buildVocabulary(answer: readonly string[], cue: string | undefined): Vocabulary {
  const tokens: Token[] = [
    { text: '<unk>', score: 0, type: tokenType.unknown },
    { text: '<s>', score: 0, type: tokenType.control },
    { text: '</s>', score: 0, type: tokenType.control },
  ]
  for (let byte = 0; byte < 256; byte++) {
    tokens.push({ text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, score: 0, type: tokenType.byte })
  }
  // Low scores keep the tokenizer from choosing a piece of the answer where a prompt can be spelled otherwise.
  for (let code = 0x21; code < 0x7f; code++) {
    tokens.push({ text: String.fromCharCode(code), score: -1000, type: tokenType.normal })
  }
  tokens.push({ text: spaced(' '), score: -1000, type: tokenType.normal })
  const firstOfAnswer = tokens.length
  for (const [index, piece] of answer.entries()) {
    // A control token is one in a prompt without having been put together from characters.
    const type = piece === cue ? tokenType.control : tokenType.normal
    tokens.push({ text: spaced(piece), score: -5000 - index, type })
  }
  // The engine aborts the whole process on a repeated token; this says which one it is.
  const seen = new Set<string>()
  for (const { text } of tokens) {
    if (seen.has(text)) throw new RangeError(`the token ${JSON.stringify(text)} is in the vocabulary twice`)
    seen.add(text)
  }
  return { tokens, unknown: 0, begin: 1, end: 2, answer: firstOfAnswer }
}

/** SentencePiece writes a space as U+2581. */
function spaced(piece: string): string {
  return piece.replaceAll(' ', '\u2581')
}

/** @param next the token that follows on each dimension */
function buildTensors(vocabulary: Vocabulary, next: readonly number[]): Tensor[] {
  const vocabularySize = vocabulary.tokens.length
  const embedding = new Float32Array(vocabularySize * EMBEDDING_LENGTH)
  const output = new Float32Array(vocabularySize * EMBEDDING_LENGTH)
  for (let id = 0; id < vocabularySize; id++) {
    const isOfAnswer = id >= vocabulary.answer
    embedding[id * EMBEDDING_LENGTH + (isOfAnswer ? id - vocabulary.answer + 1 : 0)] = 1
  }
  for (const [step, id] of next.entries()) output[id * EMBEDDING_LENGTH + step] = OUTPUT_WEIGHT
  const zeros = (name: string, columns: number, rows: number): Tensor => ({
    name,
    dimensions: [columns, rows],
    values: new Float32Array(columns * rows),
  })
  const ones = (name: string): Tensor => ({
    name,
    dimensions: [EMBEDDING_LENGTH],
    values: new Float32Array(EMBEDDING_LENGTH).fill(1),
  })
  return [
    { name: 'token_embd.weight', dimensions: [EMBEDDING_LENGTH, vocabularySize], values: embedding },
    ones('output_norm.weight'),
    { name: 'output.weight', dimensions: [EMBEDDING_LENGTH, vocabularySize], values: output },
    ones('blk.0.attn_norm.weight'),
    ones('blk.0.ffn_norm.weight'),
    ...['q', 'k', 'v', 'output'].map((part) => zeros(`blk.0.attn_${part}.weight`, EMBEDDING_LENGTH, EMBEDDING_LENGTH)),
    zeros('blk.0.ffn_gate.weight', EMBEDDING_LENGTH, FEED_FORWARD_LENGTH),
    zeros('blk.0.ffn_up.weight', EMBEDDING_LENGTH, FEED_FORWARD_LENGTH),
    zeros('blk.0.ffn_down.weight', FEED_FORWARD_LENGTH, EMBEDDING_LENGTH),
  ]
}

function renderFile(metadata: readonly Buffer[], tensors: readonly Tensor[]): Buffer {
  const descriptions: Buffer[] = []
  const data: Buffer[] = []
  let offset = 0
  for (const { name, dimensions, values } of tensors) {
    descriptions.push(str(name), u32(dimensions.length), ...dimensions.map(u64), u32(TENSOR_TYPE_F32), u64(offset))
    const padded = padToAlignment(Buffer.from(values.buffer))
    data.push(padded)
    offset += padded.length
  }
  const magic = Buffer.from('GGUF')
  const head = Buffer.concat([magic, u32(3), u64(tensors.length), u64(metadata.length), ...metadata, ...descriptions])
  return Buffer.concat([padToAlignment(head), ...data])
}

function padToAlignment(bytes: Buffer): Buffer {
  const missing = -bytes.length & (TENSOR_ALIGNMENT_BYTES - 1)
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)])
}

function entry(key: string, type: number, value: Buffer): Buffer {
  return Buffer.concat([str(key), u32(type), value])
}

function text(key: string, value: string): Buffer {
  return entry(key, valueType.string, str(value))
}

function uint32(key: string, value: number): Buffer {
  return entry(key, valueType.uint32, u32(value))
}

function list(key: string, itemType: number, items: readonly Buffer[]): Buffer {
  return entry(key, valueType.array, Buffer.concat([u32(itemType), u64(items.length), ...items]))
}

function str(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([u64(bytes.length), bytes])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}
