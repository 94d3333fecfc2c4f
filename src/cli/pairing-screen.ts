import { renderUnicodeCompact } from 'uqr'
import type { PairProgress } from '../agent/pair.ts'
import { commandAtGateway } from '../config/own-command.ts'
import { formatDuration } from '../core/units.ts'
import { print, visible } from './output.ts'

const REDRAW_MS = 1_000
/** Moves to the start of the line and clears it. */
const CLEAR_LINE = '\r\u001b[K'

/** What a person sees who waits for a code to be confirmed. Disposing it ends the line that counts down. */
export class PairingScreen implements Disposable {
  readonly #isTerminal: boolean
  readonly #gatewayUrl: string
  #timer: NodeJS.Timeout | undefined

  constructor({ isTerminal, gatewayUrl }: { readonly isTerminal: boolean; readonly gatewayUrl: string }) {
    this.#isTerminal = isTerminal
    this.#gatewayUrl = gatewayUrl
  }

  show(progress: PairProgress): void {
    if (progress.step === 'retrying') {
      this.#say(`${progress.text} It is asked again.`)
      return
    }
    const { userCode, verificationUrlComplete, expiresInMs } = progress.answer
    print('Open this page, check that it shows the code, and confirm it:')
    print('')
    print(visible(`  ${verificationUrlComplete}`))
    print('')
    print(`  ${visible(userCode)}`, 'bold')
    print('')
    print(
      visible(`Or on the gateway's own machine: ${commandAtGateway(this.#gatewayUrl, `tunnels approve ${userCode}`)}`),
    )
    print('')
    for (const line of this.#qrCode(verificationUrlComplete)) print(line)
    this.#countDown(expiresInMs)
  }

  [Symbol.dispose](): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    process.stderr.write(CLEAR_LINE)
  }

  #countDown(expiresInMs: number): void {
    const text = `Waiting for it to be confirmed`
    if (!this.#isTerminal) {
      process.stderr.write(`${text}, for ${formatDuration(expiresInMs)} at most.\n`)
      return
    }
    const endsAt = performance.now() + expiresInMs
    const draw = () => process.stderr.write(`${CLEAR_LINE}${text}: ${minutes(endsAt - performance.now())} left `)
    draw()
    this.#timer = setInterval(draw, REDRAW_MS)
  }

  #say(line: string): void {
    process.stderr.write(`${this.#isTerminal ? CLEAR_LINE : ''}${visible(line)}\n`)
  }

  /** Empty where it would not fit, or nobody could scan it. */
  #qrCode(text: string): string[] {
    if (!this.#isTerminal) return []
    const lines = renderUnicodeCompact(text, { border: 2 }).split('\n')
    const width = Math.max(...lines.map((line) => line.length))
    return width <= (process.stdout.columns ?? 0) ? [...lines, ''] : []
  }
}

/** `9:05`. */
function minutes(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
