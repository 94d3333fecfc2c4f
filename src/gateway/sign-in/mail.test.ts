import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { findFreePort } from '../../../test/support/free-port.ts'
import { type ReceivedMail, startMailServer } from '../../../test/support/mail-server.ts'
import { EMAIL, from, openSite, PASSWORD } from '../../../test/support/sign-in-site.ts'
import { Secret } from '../../core/secret.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'
import { Mail } from './mail.ts'

const FROM = 'Punku <punku@example.org>'

function mailTo(url: string) {
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line) => lines.push(line) })
  return { mail: new Mail({ url: new Secret(url), from: FROM, log }), lines }
}

/** The text of a mail, with its soft line ends undone. */
const bodyOf = ({ text }: ReceivedMail) =>
  text
    .slice(text.indexOf('\r\n\r\n') + 4)
    .replace(/=\r\n/g, '')
    .replaceAll('=3D', '=')

test('a mail arrives as it was written', async () => {
  const server = await startMailServer()
  const { mail } = mailTo(server.url)
  await mail.send({
    to: EMAIL,
    subject: 'Come in',
    text: 'The link is\n\nhttps://models.example.org/ui/invitation#x\n',
  })
  const [received] = server.mails
  expect(received).toMatchObject({ from: 'punku@example.org', to: [EMAIL] })
  expect(received?.text).toMatch(/^From: Punku <punku@example\.org>\r$/m)
  expect(received?.text).toMatch(/^Subject: Come in\r$/m)
  expect(received?.text).toMatch(/^Content-Type: text\/plain; charset=utf-8\r$/m)
  expect(received && bodyOf(received)).toContain('https://models.example.org/ui/invitation#x')
})

test('a subject cannot begin another line, and a text no other mail', async () => {
  const server = await startMailServer()
  const { mail } = mailTo(server.url)
  const subject = 'Hello\r\nBcc: eve@example.org\r\n\r\nanother body'
  await mail.send({ to: EMAIL, subject, text: 'one\r\n.\r\nMAIL FROM:<eve@example.org>\r\n' })
  expect(server.mails).toHaveLength(1)
  expect(server.mails[0]?.to).toEqual([EMAIL])
  const head = server.mails[0]?.text.split('\r\n\r\n', 1)[0]
  expect(head).not.toMatch(/^Bcc:/im)
  expect(head).toMatch(/^Subject: Hello Bcc: eve@example\.org another body\r?$/m)
})

test.each([
  'a@example.org, eve@example.org',
  'a@example.org;eve@example.org',
  'Ada <a@example.org>',
  'a@example.org\r\nBcc: eve@example.org',
  'a@example.org>\r\nRCPT TO:<eve@example.org',
  'group:a@example.org;',
  'a@b@example.org',
  '"a b"@example.org',
  '',
])('%j is not one address', async (to) => {
  const server = await startMailServer()
  const { mail } = mailTo(server.url)
  await expect(mail.send({ to, subject: 'x', text: 'x' })).rejects.toMatchObject({ code: 'invalid_request' })
  expect(server.mails).toEqual([])
})

describe('a mail that does not go out', () => {
  test.each([
    ['nobody listens', async () => `smtp://user:hunter2@127.0.0.1:${await findFreePort()}`],
    [
      'the server wants no such mail',
      async () => {
        const refuse = { onRcptTo: (_: unknown, __: unknown, done: (error: Error) => void) => done(new Error('no')) }
        return (await startMailServer(refuse)).url
      },
    ],
    [
      'the server wants another password',
      async () => {
        const server = await startMailServer({
          onAuth: (_, __, done) => done(new Error('no')),
          allowInsecureAuth: true,
        })
        return server.url.replace('//', '//user:hunter2@')
      },
    ],
  ])('is told and logged, without what was in it: %s', async (_, urlOf) => {
    const { mail, lines } = mailTo(await urlOf())
    const sent = mail.send({ to: EMAIL, subject: 'A secret subject', text: 'a secret text' })
    await expect(sent).rejects.toMatchObject({ code: 'internal' })
    expect(lines).toHaveLength(1)
    for (const secret of [EMAIL, 'secret', 'hunter2']) expect(lines[0]).not.toContain(secret)
  })
})

test('without TLS a server elsewhere gets nothing', async () => {
  const server = await startMailServer()
  // The name is not one that this machine knows as its own; it leads here all the same.
  const { mail } = mailTo(`smtp://0.0.0.0:${server.port}`)
  await expect(mail.send({ to: EMAIL, subject: 'x', text: 'x' })).rejects.toMatchObject({ code: 'internal' })
  expect(server.mails).toEqual([])
})

describe('a new password by mail', () => {
  async function openMailSite(publicUrl: string | undefined = 'https://models.example.org') {
    const database = openDatabase({ url: ':memory:' })
    await migrate(database)
    const server = await startMailServer()
    const site = await openSite(database, { mail: mailTo(server.url).mail, publicUrl })
    const ask = async (email: string, headers: Record<string, string> = {}) => {
      const answer = await site.browser().post('/request-password-reset', { email }, headers)
      return { status: answer.status, body: await answer.text(), headers: [...answer.headers.keys()].sort() }
    }
    return { site, server, ask }
  }

  test('comes as a link to where the gateway is, whatever the request says of that', async () => {
    const { site, server, ask } = await openMailSite()
    const { id } = await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    const answer = await ask(EMAIL, { 'x-forwarded-host': 'evil.example' })
    expect(answer).toMatchObject({ status: 200, body: '{"status":true}' })
    const mail = await server.first()
    const [, token = ''] = /https:\/\/models\.example\.org\/ui\/reset#(\w+)/.exec(bodyOf(mail)) ?? []
    expect(token).toHaveLength(52)
    expect(site.notes).toMatchObject([
      { action: 'password.link', target: { id }, actor: { kind: 'nobody', address: '192.0.2.1' } },
    ])
    expect(JSON.stringify(site.notes)).not.toContain(token)
    // Until the link is used nothing has changed.
    expect(await site.signIn.hasPassword(id)).toBe(true)
    const browser = site.browser()
    expect((await browser.post('/reset-password', { token, newPassword: 'staple of a battery' })).status).toBe(200)
    expect((await browser.post('/sign-in/email', { email: EMAIL, password: PASSWORD })).status).toBe(401)
  })

  test('is answered alike for an address without an account, before it is looked for', async () => {
    const { site, server, ask } = await openMailSite()
    await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    expect(await ask('nobody@example.org')).toEqual(await ask(EMAIL))
    await site.signIn.settled()
    expect(server.mails.map(({ to }) => to)).toEqual([[EMAIL]])
  })

  test('does not come often, and the answer does not show it', async () => {
    const { site, server, ask } = await openMailSite()
    await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    const statuses = []
    for (let index = 0; index < 5; index++) statuses.push((await ask(EMAIL, from(`203.0.113.${index}`))).status)
    await site.signIn.settled()
    expect(statuses).toEqual([200, 200, 200, 200, 200])
    expect(server.mails).toHaveLength(3)
  })

  test('is not there where nobody has said where the gateway is', async () => {
    const database = openDatabase({ url: ':memory:' })
    await migrate(database)
    const server = await startMailServer()
    const site = await openSite(database, { mail: mailTo(server.url).mail, publicUrl: undefined })
    expect((await site.browser().post('/request-password-reset', { email: EMAIL })).status).toBe(404)
    expect(site.signIn.entranceFor(site.browser().headers()).hasMail).toBe(false)
  })
})
