import { type Answer, NO_ANSWER_YET, withPart } from './answer.ts'
import { readAnswer } from './answer-stream.ts'
import type { ChatDialect, ChatRequest } from './chat-request.ts'
import { errorText } from './refusal.ts'

/** What a question takes. */
export interface Question {
  readonly dialect: ChatDialect
  readonly request: ChatRequest
  readonly key: {
    /** The key to present. May reject. */
    text(): Promise<string>
    /** The gateway refused that key. */
    forget(): void
  }
  readonly signal: AbortSignal
  /** Called with every piece. @param upstream the id of the one that answers, where the gateway says */
  readonly onAnswer: (answer: Answer, upstream: string | undefined) => void
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number
}

/**
 * Asks a model and follows its answer to the end, which `onAnswer` is told too. Never rejects: what goes wrong is the
 * answer's `problem`, and an aborted one is `stopped`.
 */
export async function ask(question: Question): Promise<void> {
  const { dialect, signal, onAnswer, now } = question
  let answer = NO_ANSWER_YET
  let upstream: string | undefined
  try {
    const { response, sentAt } = await post(question)
    upstream = response.headers.get('x-punku-upstream') ?? undefined
    if (!response.ok) throw new Error(errorText(await response.text(), response.status))
    if (response.body === null) throw new Error('The answer was empty.')
    for await (const part of readAnswer(response.body, dialect)) {
      answer = withPart(answer, part, now() - sentAt)
      onAnswer(answer, upstream)
    }
  } catch (thrown) {
    const state = signal.aborted ? 'stopped' : 'failed'
    onAnswer({ ...answer, state, problem: state === 'failed' ? wordsOf(thrown) : undefined }, upstream)
  }
}

async function post(question: Question): Promise<{ response: Response; sentAt: number }> {
  const first = await postOnce(question)
  if (first.response.status !== 401) return first
  // The key lives for an hour, and ends when another tab makes its own.
  question.key.forget()
  await first.response.body?.cancel()
  return await postOnce(question)
}

async function postOnce({
  request,
  key,
  signal,
  fetch,
  now,
}: Question): Promise<{ response: Response; sentAt: number }> {
  const authorization = `Bearer ${await key.text()}`
  signal.throwIfAborted()
  const sentAt = now()
  const response = await fetch(request.path, {
    method: 'POST',
    headers: { ...request.headers, authorization },
    body: request.body,
    signal,
    // The model API knows keys and no sessions.
    credentials: 'omit',
    cache: 'no-store',
  })
  return { response, sentAt }
}

function wordsOf(thrown: unknown): string {
  if (thrown instanceof TypeError) return 'The connection to the gateway broke. Look whether it runs, and ask again.'
  return thrown instanceof Error ? thrown.message : 'The answer could not be read.'
}
