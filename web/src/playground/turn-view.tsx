import { Loader, Text } from '@mantine/core'
import { ControlError } from '../../../src/contract/control-error.ts'
import { formatMs, formatNumber } from '../parts/format.ts'
import { Problem } from '../parts/problem.tsx'
import { type Answer, tokensPerSecond } from './answer.ts'
import { AnswerText } from './answer-text.tsx'
import type { Turn } from './use-chat.ts'

/** A question and its answer as far as it has come. @param props.upstream the label of the one that answered */
export function TurnView({ turn, upstream }: { readonly turn: Turn; readonly upstream: string | undefined }) {
  const { question, answer, model } = turn
  const isOpen = answer.state === 'waiting' || answer.state === 'answering'
  return (
    <article className="chat-turn" aria-busy={isOpen}>
      <div className="chat-question">
        <span className="only-read">You: </span>
        {question}
      </div>
      <div className="chat-answer">
        <span className="only-read">{model}: </span>
        {answer.reasoning !== '' && (
          <details className="chat-reasoning">
            <summary>{answer.text === '' && isOpen ? 'Reasoning …' : 'Reasoning'}</summary>
            <p>{answer.reasoning}</p>
          </details>
        )}
        <AnswerText text={answer.text} />
        {isOpen && answer.text === '' && <Loader type="dots" size="sm" aria-label="Waiting for the model" />}
        {answer.problem !== undefined && (
          <Problem error={new ControlError({ code: 'chat', status: 0, detail: answer.problem })} />
        )}
        <Text size="xs" c="dimmed" className="chat-facts">
          {factsOf(answer, upstream).join(' · ')}
        </Text>
      </div>
    </article>
  )
}

function factsOf(answer: Answer, upstream: string | undefined): string[] {
  const { state, firstMs, promptTokens, completionTokens, reason } = answer
  const speed = tokensPerSecond(answer)
  const facts: (string | false)[] = [
    state === 'stopped' && 'stopped',
    firstMs !== undefined && `first token after ${formatMs(firstMs)}`,
    speed !== undefined &&
      `${speed.isEstimated ? 'about ' : ''}${speed.value.toFixed(speed.value < 10 ? 1 : 0)} tokens/s`,
    promptTokens !== undefined && `${formatNumber(promptTokens)} tokens in`,
    completionTokens !== undefined && `${formatNumber(completionTokens)} out`,
    upstream !== undefined && `from ${upstream}`,
    (reason === 'length' || reason === 'max_tokens') && 'cut off at the limit of tokens',
  ]
  return facts.filter((fact) => fact !== false)
}
