import { useEffect, useRef, useState } from 'react'
import { type Answer, NO_ANSWER_YET } from './answer.ts'
import { ask } from './ask.ts'
import { type Chat, type ChatMessage, chatRequest } from './chat-request.ts'
import { PlaygroundKey } from './playground-key.ts'

/** A question and its answer. */
export interface Turn {
  readonly id: number
  readonly model: string
  readonly question: string
  readonly answer: Answer
  /** The id of the upstream that answered. */
  readonly upstream: string | undefined
}

/** How a model is to be asked. */
export type ChatSettings = Omit<Chat, 'messages'>

/** A talk with models, in memory only: it ends, with its key, when the page is left. */
export interface ChatState {
  readonly turns: readonly Turn[]
  readonly isBusy: boolean
  readonly ask: (settings: ChatSettings, question: string) => void
  readonly stop: () => void
  readonly clear: () => void
}

/** A talk that lasts as long as whoever uses it is mounted. */
export function useChat(): ChatState {
  const [turns, setTurns] = useState<readonly Turn[]>([])
  const [isBusy, setBusy] = useState(false)
  const [key] = useState(() => new PlaygroundKey())
  const running = useRef<AbortController>(undefined)
  useEffect(() => {
    const leave = () => {
      running.current?.abort()
      key.end()
    }
    // A page that the browser keeps for the way back must come back empty.
    const leavePage = () => {
      leave()
      setTurns([])
    }
    window.addEventListener('pagehide', leavePage)
    return () => {
      window.removeEventListener('pagehide', leavePage)
      leave()
    }
  }, [key])

  const start = async (settings: ChatSettings, question: string) => {
    const controller = new AbortController()
    running.current = controller
    const id = turns.length
    const messages = [...messagesOf(turns), { role: 'user', text: question } as const]
    setBusy(true)
    setTurns([...turns, { id, model: settings.model, question, answer: NO_ANSWER_YET, upstream: undefined }])
    const show = oncePerFrame((change: Pick<Turn, 'answer' | 'upstream'>) =>
      setTurns((all) => all.map((turn) => (turn.id === id ? { ...turn, ...change } : turn))),
    )
    await ask({
      dialect: settings.dialect,
      request: chatRequest({ ...settings, messages }),
      key,
      signal: controller.signal,
      onAnswer: (answer, upstream) => show.soon({ answer, upstream }),
      fetch: (path, init) => fetch(path, init),
      now: () => performance.now(),
    })
    show.now()
    setBusy(false)
  }
  return {
    turns,
    isBusy,
    ask: (settings, question) => void start(settings, question),
    stop: () => running.current?.abort(),
    clear: () => setTurns([]),
  }
}

/** What a model is told of the talk so far: a question without an answer would only confuse it. */
export function messagesOf(turns: readonly Turn[]): ChatMessage[] {
  return turns
    .filter(({ answer }) => answer.text !== '')
    .flatMap(({ question, answer }) => [
      { role: 'user', text: question },
      { role: 'assistant', text: answer.text },
    ])
}

/** Tokens come faster than a screen is drawn. */
function oncePerFrame<Value>(show: (value: Value) => void): { soon(value: Value): void; now(): void } {
  let next: { readonly value: Value } | undefined
  let frame: number | undefined
  const now = () => {
    if (frame !== undefined) cancelAnimationFrame(frame)
    frame = undefined
    if (next !== undefined) show(next.value)
    next = undefined
  }
  return {
    soon(value) {
      next = { value }
      frame ??= requestAnimationFrame(now)
    },
    now,
  }
}
