import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { hashSecret } from '../../src/gateway/access/key-text.ts'
import { problem, problemError } from '../../src/gateway/control/problem.ts'
import type { Newcomer } from '../../src/gateway/orgs/session-keeper.ts'
import { SignIn, type SignInOptions } from '../../src/gateway/sign-in/sign-in.ts'
import { signInSecret } from '../../src/gateway/sign-in/sign-in-secret.ts'
import type { AdmissionRule, SignInSettings, Vouched } from '../../src/gateway/sign-in/sign-in-settings.ts'
import { Counts } from '../../src/gateway/store/counts.ts'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'
import type { OpenChange } from '../../src/gateway/store/store.ts'
import { Unstored } from '../../src/gateway/store/unstored.ts'
import { ManualClock } from './clock.ts'
import { noteOf } from './control.ts'
import { quickHasher } from './quick-hasher.ts'
import { openTestStore, recordedChange, TEST_PEPPER } from './store.ts'
import type { SignedNote } from './test-audit.ts'

export const PASSWORD = 'correct horse battery'
export const EMAIL = 'ada@example.org'

/** Says whom the request comes from; what a proxy would say, in tests. */
const FROM = 'x-test-address'

export interface SiteOptions {
  readonly settings?: Partial<SignInSettings>
  readonly mail?: SignInOptions['mail']
  /** Addresses with an open invitation. */
  readonly invited?: readonly string[]
  /** Default: one that is quick, and counts. */
  readonly hasher?: SignInOptions['hasher']
  /** Default: that of the site. */
  readonly publicUrl?: string | undefined
  /** The host in the site's URL. Default: `localhost`. */
  readonly host?: string
}

/** Sign-in behind a real listener, as a gateway serves it. Closed after the test. */
export async function openSite(database: OpenDatabase, options: SiteOptions = {}) {
  const { settings, mail, invited = [], host = 'localhost' } = options
  const clock = new ManualClock()
  const notes: SignedNote[] = []
  const logged: string[] = []
  const welcomed: { personId: string; vouched: Vouched; rule: AdmissionRule | undefined }[] = []
  const hasher = countingHasher()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://${host}:${(server.address() as AddressInfo).port}`
  const { store } = await openTestStore(database, clock)
  store.onRecorded((entry) => {
    if (entry.action !== 'test.change') notes.push(noteOf(entry))
  })
  const hash = (text: string) => hashSecret(TEST_PEPPER, text)
  const log = pino({ level: 'trace' }, { write: (line) => logged.push(line) })
  const unstored = new Unstored({ clock, log })
  const signIn = new SignIn({
    database,
    store,
    unstored,
    counts: new Counts({ database, hash, clock }),
    secret: signInSecret(new Secret('pepper of the tests')),
    settings: { password: true, sessionLifeMs: 7 * 86_400_000, issuers: [], ...settings },
    originOf: (headers) => `${headers.get('x-test-scheme') ?? 'http'}://${headers.get('host')}`,
    publicUrl: 'publicUrl' in options ? options.publicUrl : url,
    localUrl: url,
    linkUrl: () => options.publicUrl ?? url,
    mail,
    admission: {
      isInvited: async ({ email }) => invited.includes(email),
      welcome: async (_change, { personId, ...vouched }, rule) => {
        welcomed.push({ personId, vouched, rule })
      },
    },
    clock,
    log,
    hasher: options.hasher ?? hasher,
  })
  const answer = async (request: Request) => {
    const cookies: string[] = []
    const setCookie = (line: string) => void cookies.push(line)
    try {
      return await signIn.handler(request, { address: request.headers.get(FROM) ?? '192.0.2.1', setCookie })
    } catch (thrown) {
      const error = problemError(thrown)
      if (error.code === 'internal') logged.push(String(error.cause))
      const answer = problem(error)
      for (const cookie of cookies) answer.headers.append('set-cookie', cookie)
      return answer
    }
  }
  server.on('request', getRequestListener(answer))
  onTestFinished(async () => {
    await signIn.settled()
    signIn[Symbol.dispose]()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const addAccount = async (newcomer: Newcomer, options?: { readonly isEmailVerified: boolean }) => {
    const account = await signIn.prepare(newcomer)
    await recordedChange(store, (open) => signIn.insert(open, account, options))
    return { id: account.id }
  }
  /** Does something of the people's side, as it would be recorded there. */
  const change = <T>(run: (open: OpenChange) => Promise<T>): Promise<T> => recordedChange(store, run)
  const actions = () => notes.map(({ action }) => action)
  return {
    url,
    database,
    signIn,
    store,
    unstored,
    change,
    addAccount,
    clock,
    notes,
    actions,
    logged,
    welcomed,
    hasher,
    browser: () => new TestBrowser(url),
  }
}

export type Site = Awaited<ReturnType<typeof openSite>>

/** A person with a password, and a browser in which they are signed in. */
export async function signedInBrowser(site: Site, email = EMAIL): Promise<{ browser: TestBrowser; personId: string }> {
  const { id } = await site.addAccount({ name: 'Ada', email, password: PASSWORD })
  const browser = site.browser()
  const answer = await browser.post('/sign-in/email', { email, password: PASSWORD })
  if (answer.status !== 200) throw new Error(`the sign-in was answered by ${answer.status}`)
  return { browser, personId: id }
}

/** Keeps cookies and says where it is, as a browser does; every one of these can be overridden. */
export class TestBrowser {
  readonly cookies = new Map<string, string>()
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return await this.fetch(`/control/auth${path}`, { headers })
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return await this.fetch(`/control/auth${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: this.#url, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  }

  /** Follows no redirect. A header that is empty is not sent. */
  async fetch(target: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
    const headers = Object.entries({ cookie: this.cookieHeader(), ...init.headers }).filter(([, value]) => value !== '')
    const response = await fetch(new URL(target, this.#url), { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    return response
  }

  cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** As the gateway reads the headers of its requests. */
  headers(): Headers {
    return new Headers({ host: new URL(this.#url).host, cookie: this.cookieHeader() })
  }

  #keep(line: string): void {
    const [, name = '', value = '', attributes = ''] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? []
    if (/;\s*max-age=0\b/i.test(attributes)) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}

/** Sends the request from this address. */
export const from = (address: string) => ({ [FROM]: address })

function countingHasher() {
  const hasher = {
    count: 0,
    async hash(password: string) {
      hasher.count++
      return await quickHasher.hash(password)
    },
    async verify(given: { readonly hash: string; readonly password: string }) {
      hasher.count++
      return await quickHasher.verify(given)
    },
  }
  return hasher
}
