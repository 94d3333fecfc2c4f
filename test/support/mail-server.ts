import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { onTestFinished } from 'vitest'

/** A mail as the server was given it. */
export interface ReceivedMail {
  readonly from: string
  /** Whom it was to be delivered to, whatever its head says. */
  readonly to: readonly string[]
  /** Head and body, as they came. */
  readonly text: string
  readonly isOverTls: boolean
}

/** A real SMTP server on 127.0.0.1 that keeps what it is given. Closed after the test. */
export async function startMailServer(options: SMTPServerOptions = {}) {
  const mails: ReceivedMail[] = []
  const waiting: (() => void)[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    async onData(stream, session, done) {
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      const { mailFrom, rcptTo } = session.envelope
      mails.push({
        from: mailFrom === false ? '' : mailFrom.address,
        to: rcptTo.map(({ address }) => address),
        text: Buffer.concat(chunks).toString('utf8'),
        isOverTls: session.secure,
      })
      done()
      for (const resolve of waiting.splice(0)) resolve()
    },
    ...options,
  })
  server.on('error', () => {})
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const { port } = listener.address() as AddressInfo
  return {
    port,
    url: `smtp://127.0.0.1:${port}`,
    mails,
    /** The first mail, now or when it comes. */
    async first(): Promise<ReceivedMail> {
      if (mails.length === 0) await new Promise<void>((resolve) => waiting.push(resolve))
      return mails[0] as ReceivedMail
    },
  }
}
