import { createTransport, type Transporter } from 'nodemailer'
import { PunkuError } from '../../core/error.ts'
import type { Logger } from '../../core/log.ts'
import { isLoopbackAddress } from '../../core/loopback.ts'
import type { Secret } from '../../core/secret.ts'

/** Until the mail server answers, at each step, in milliseconds. */
const TIMEOUT_MS = 15_000

export interface MailOptions {
  /** `smtp://user:password@host:587` or `smtps://…`. */
  readonly url: Secret
  /** An address, perhaps with a name: `Punku <punku@example.org>`. */
  readonly from: string
  readonly log: Logger
}

/** One mail of plain text. */
export interface MailText {
  /** One address. */
  readonly to: string
  /** One line. */
  readonly subject: string
  readonly text: string
}

/** Sends mail through the server that was configured. A connection lives as long as its mail. */
export class Mail {
  readonly #transport: Transporter
  readonly #log: Logger

  constructor({ url, from, log }: MailOptions) {
    this.#log = log
    this.#transport = createTransport(
      {
        url: url.reveal(),
        // Links in mails are credentials, and so is what we say to the server.
        requireTLS: !isOnThisMachine(url.reveal()),
        connectionTimeout: TIMEOUT_MS,
        greetingTimeout: TIMEOUT_MS,
        socketTimeout: TIMEOUT_MS,
        disableFileAccess: true,
        disableUrlAccess: true,
      },
      { from },
    )
  }

  /**
   * Resolves when the server has taken the mail.
   * @throws PunkuError `invalid_request` for an address that is not one, `internal` when the mail did not go out; the log
   * has why, without address and text.
   */
  async send({ to, subject, text }: MailText): Promise<void> {
    // More than one address, or a name with a comma in it, would go to others too.
    if (!/^[^\s,;:<>()"\\@]+@[^\s,;:<>()"\\@]+$/.test(to)) {
      throw new PunkuError('invalid_request', 'This is not one e-mail address.', { param: 'email' })
    }
    try {
      await this.#transport.sendMail({ to: { name: '', address: to }, subject: subject.replace(/\s+/g, ' '), text })
    } catch (error) {
      const { code, command, responseCode } = Object(error) as Readonly<Record<string, unknown>>
      this.#log.warn({ code, command, responseCode }, 'mail.failed')
      throw new PunkuError('internal', 'The mail could not be sent. The log of the gateway has the reason.')
    }
  }
}

function isOnThisMachine(url: string): boolean {
  const hostname = URL.parse(url)?.hostname ?? ''
  return hostname === 'localhost' || isLoopbackAddress(hostname.replace(/^\[|\]$/g, ''))
}
