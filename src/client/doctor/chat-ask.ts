import type { Clock } from '../../core/clock.ts'
import { openaiChat } from '../../formats/families/openai-chat.ts'
import { FrameSplitter, frameReader } from '../../formats/frames.ts'
import { asObject, parseObject } from '../../formats/json-facts.ts'
import type { GatewayAddress } from '../../http-client/gateway-address.ts'
import { GatewayError } from '../../http-client/gateway-error.ts'
import { errorIn, type GatewayRefusal, readRefusal } from '../../machine/way/refused-answer.ts'
import { askByWay, type WayAnswer } from '../../machine/way/way-answer.ts'

/** A small question to a model. */
export interface ChatQuestion {
  readonly model: string
  readonly prompt: string
  readonly maxTokens: number
  /** The value of `Authorization`. */
  readonly authorization: string
  /** How long nothing may come: the model may have to be loaded first. */
  readonly silenceMs: number
  readonly signal: AbortSignal
}

/** A streamed answer, as it came. */
export interface ChatReport {
  /** Of the head; empty where none came. */
  readonly headers: Readonly<Record<string, string>>
  /** Why there is no answer, or no whole one; `undefined`: there is. */
  readonly refusal: GatewayRefusal | undefined
  /** Nothing came for as long as was waited. */
  readonly isSilent: boolean
  /** When the first frame came, milliseconds since the question; `undefined`: none came. */
  readonly begunMs: number | undefined
  /** When each piece of text, thought or call came, likewise. */
  readonly pieceAtMs: readonly number[]
  /** How long the model server says that it wrote; `undefined`: it does not say. */
  readonly writtenForMs: number | undefined
  /** The stream said that it is complete. */
  readonly isComplete: boolean
}

/** Pieces may be shorter than tokens. */
const TOLERATED_TIMES = 4
const MAX_FRAMES = 10_000

const STREAM = openaiChat.stream as NonNullable<typeof openaiChat.stream>

/** Asks, and reads the answer to its end. Never rejects for what may happen on the way: the report tells it. */
export async function askChat(address: GatewayAddress, question: ChatQuestion, clock: Clock): Promise<ChatReport> {
  const { model, prompt, maxTokens, authorization, silenceMs, signal } = question
  const askedAtMs = clock.elapsed()
  const begin: ChatReport = {
    headers: {},
    refusal: undefined,
    isSilent: false,
    begunMs: undefined,
    pieceAtMs: [],
    writtenForMs: undefined,
    isComplete: false,
  }
  const messages = [{ role: 'user', content: prompt }]
  const body = JSON.stringify({ model, messages, max_tokens: maxTokens, stream: true })
  try {
    const headers = { authorization, accept: 'text/event-stream' }
    const asked = { path: '/v1/chat/completions', headers, body, timeoutMs: silenceMs, signal }
    using answer = await askByWay(address, asked, clock)
    const report = { ...begin, headers: answer.headers }
    if (answer.status !== 200) return { ...report, refusal: await readRefusal(answer) }
    return { ...report, ...(await readStream(answer, { clock, askedAtMs, silenceMs, maxTokens })) }
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    const isSilent = clock.elapsed() - askedAtMs >= silenceMs
    return { ...begin, isSilent, refusal: { code: undefined, status: 0, text: thrown.message } }
  }
}

interface Reading {
  readonly clock: Clock
  readonly askedAtMs: number
  readonly silenceMs: number
  readonly maxTokens: number
}

async function readStream(
  answer: WayAnswer,
  { clock, askedAtMs, silenceMs, maxTokens }: Reading,
): Promise<Partial<ChatReport>> {
  const splitter = new FrameSplitter(STREAM.framing)
  const partsOf = frameReader(STREAM)
  const pieceAtMs: number[] = []
  let begunMs: number | undefined
  let writtenForMs: number | undefined
  let isComplete = false
  let refusal: GatewayRefusal | undefined
  let isSilent = false
  let frames = 0
  // Comments that keep a connection alive are no sign of the model: they do not count.
  let timer = clock.after(silenceMs, onSilence)
  function onSilence(): void {
    isSilent = true
    answer[Symbol.dispose]()
  }
  try {
    for await (const chunk of answer.body) {
      const atMs = clock.elapsed() - askedAtMs
      for (const frame of splitter.push(chunk)) {
        frames++
        timer[Symbol.dispose]()
        timer = clock.after(silenceMs, onSilence)
        begunMs ??= atMs
        const document = parseObject(frame.data)
        const predictedMs = asObject(document?.['timings'])?.['predicted_ms']
        if (typeof predictedMs === 'number' && predictedMs > 0) writtenForMs = predictedMs
        for (const part of partsOf(frame)) {
          if (part.kind === 'text' || part.kind === 'reasoning' || part.kind === 'call') pieceAtMs.push(atMs)
          if (part.kind === 'end') isComplete = true
          if (part.kind === 'failed') {
            const said = errorIn(document)
            refusal ??= { code: said?.code, status: 0, text: said?.text ?? part.message ?? 'it did not say what' }
          }
        }
      }
      // Some servers say that they failed, or are done, and end nothing.
      if (isComplete || refusal !== undefined) break
      // Others heed no limit of an answer, and never end: this much is enough to see.
      const isEnough = pieceAtMs.length >= maxTokens * TOLERATED_TIMES || frames >= MAX_FRAMES
      if (isEnough || atMs - (begunMs ?? atMs) >= silenceMs) {
        isComplete = pieceAtMs.length > 0
        break
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    if (!isSilent) refusal ??= { code: undefined, status: 0, text: thrown.message }
  } finally {
    timer[Symbol.dispose]()
  }
  return { pieceAtMs, begunMs, writtenForMs, isComplete, refusal, isSilent }
}
