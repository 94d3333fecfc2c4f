import { CopyLine } from '../parts/copy-line.tsx'

/** What a model said, as it said it; only what it fenced off as code stands by itself, to be copied. */
export function AnswerText({ text }: { readonly text: string }) {
  // The odd parts are fenced. A fence that is not closed yet is code already.
  const parts = text.split(/^```[^\n]*\n?/m)
  return (
    <div className="chat-text">
      {parts.map((part, at) => {
        const shown = part.replace(/^\n+|\s+$/g, '')
        if (shown === '') return null
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text only grow at its end
        return at % 2 === 1 ? <CopyLine key={at} text={shown} what="code" /> : <p key={at}>{shown}</p>
      })}
    </div>
  )
}
