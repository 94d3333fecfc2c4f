import { CopyButton } from './copy-button.tsx'

/** A command, or another text in code letters, to be copied. A text of several lines keeps them. */
export function CopyLine(props: {
  readonly text: string
  /** What it is, for who cannot see it. Default: `command`. */
  readonly what?: string
}) {
  const { text, what = 'command' } = props
  return (
    <div className="copy-line">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard to be scrolled */}
      <section tabIndex={0} aria-label={what}>
        <pre>{text}</pre>
      </section>
      <CopyButton text={text} label={`Copy the ${what}`} />
    </div>
  )
}
