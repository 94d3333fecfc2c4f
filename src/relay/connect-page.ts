import { html, raw } from 'hono/html'
import { formatDuration } from '../core/units.ts'
import { PAGE_STYLE } from './page-style.ts'
import type { PairingRequest } from './pairing-service.ts'
import { parseUserCode } from './user-code.ts'

/** A whole page, or a part of one. What is set into it is escaped. */
export type Html = ReturnType<typeof html>

/** Longer than any code with spaces and dashes that somebody may type. */
const MAX_TYPED_CODE = 32
const MAX_LABEL = 64

/** How somebody without a session gets in. */
export interface SignInPage {
  /** The code that was asked for; it is not lost on the way. Empty: none. */
  readonly code: string
  /** Why the way they tried did not lead in. */
  readonly problem?: string
}

export function signInPage({ code, problem }: SignInPage): Html {
  return page(
    'This page is for whoever runs the gateway',
    html`${alert(problem)}
<p>Paste the setup link that <code>punku serve</code> printed in its terminal, or open it in this browser.</p>
<form method="post" action="/connect">
<input type="hidden" name="action" value="enter">
${kept(code)}
<label for="setup">Setup link</label>
<input id="setup" name="setup" required autocomplete="off" autocapitalize="none" spellcheck="false">
<button>Go on</button>
</form>
<p>Or confirm the code in a terminal on the gateway’s machine:</p>
<p><code class="command">punku tunnels approve ${parseUserCode(code) ?? 'CODE'}</code></p>
<p class="quiet">Already signed in on this browser, and came here by a link on another page?
<a href="${connectPath(code)}">Load this page again.</a></p>`,
  )
}

/** What a setup link opens. The link is used up by the button only: previews and scanners of links press none. */
export function setupPage({ setupToken, code }: { readonly setupToken: string; readonly code: string }): Html {
  return page(
    'Sign in to this gateway',
    html`<p>This browser may then confirm agents that ask to be paired, for 12 hours. The link works once.</p>
<form method="post" action="/connect">
<input type="hidden" name="action" value="enter">
<input type="hidden" name="setup" value="${setupToken}">
${kept(code)}
<button>Sign in</button>
</form>`,
  )
}

export interface CodePage {
  /** Default: what the page is for. */
  readonly title?: string
  /** What the field holds. */
  readonly code: string
  /** What is wrong with that code. */
  readonly problem?: string
}

/** Asks for the code that an agent shows. */
export function codePage({ title = 'Pair an agent', code, problem }: CodePage): Html {
  return page(
    title,
    html`${alert(problem)}
<form method="get" action="/connect">
<label for="code">Code</label>
<input id="code" name="code" value="${code}" required maxlength="${MAX_TYPED_CODE}" autocomplete="off"
 autocapitalize="characters" spellcheck="false" ${described(problem, 'code-help')}>
<p class="quiet" id="code-help">Six characters, as in 9KV-DU6. <code>punku pair</code> shows them in its terminal,
beside the model server.</p>
<button>Go on</button>
</form>`,
  )
}

export interface ConfirmPage {
  readonly request: PairingRequest
  /** The session's. */
  readonly formToken: string
  /** Epoch milliseconds. */
  readonly nowMs: number
  /** What the label's field holds. Default: the label that was asked for. */
  readonly label?: string
  /** What is wrong with that label. */
  readonly problem?: string
}

/** Shows who asks, and asks for the decision. */
export function confirmPage({ request, formToken, nowMs, label = request.label, problem }: ConfirmPage): Html {
  const { userCode, machine, platform, software, address, requestedAt, expiresAt } = request
  return page(
    'Pair this agent?',
    html`<p>Compare this code with the one in the terminal. They must be the same.</p>
<p class="code">${userCode}</p>
<dl>
<dt>Machine</dt><dd>${said(machine)}</dd>
<dt>Platform</dt><dd>${said(platform)}</dd>
<dt>Software</dt><dd>${said(software)}</dd>
<dt>Address</dt><dd><bdi>${address}</bdi></dd>
<dt>Asked</dt><dd>${ago(nowMs - requestedAt)}, at ${timeOfDay(requestedAt)}</dd>
<dt>Code valid</dt><dd>for ${formatDuration(Math.max(0, expiresAt - nowMs))} more</dd>
</dl>
<p class="quiet">The address is what the gateway saw; the rest is what the agent says of itself. Once paired, it gets
the requests for the models it offers. Refuse what you did not start.</p>
<form method="post" action="/connect">
<input type="hidden" name="form" value="${formToken}">
<input type="hidden" name="code" value="${userCode}">
<label for="label">Label</label>
${alert(problem)}
<input id="label" name="label" value="${label}" maxlength="${MAX_LABEL}" autocomplete="off" autocapitalize="none"
 spellcheck="false" ${described(problem)}>
<div class="choice">
<button name="action" value="approve">Confirm</button>
<button name="action" value="deny" class="second">Refuse</button>
</div>
</form>`,
  )
}

/** Where a try has ended, well or not. */
export interface EndPage {
  readonly title: string
  readonly text: string
  /** Offers to try this code again. Default, and empty: another one. */
  readonly code?: string
}

export function endPage({ title, text, code = '' }: EndPage): Html {
  const next = code === '' ? 'Enter another code' : 'Try this code again'
  return page(title, html`<p>${prose(text)}</p>\n<p><a href="${connectPath(code)}">${next}</a></p>`)
}

/** The page's own path, with a code to keep. */
export function connectPath(code: string): string {
  return code === '' ? '/connect' : `/connect?code=${encodeURIComponent(code)}`
}

function page(title: string, content: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Punku</title>
<style>${raw(PAGE_STYLE)}</style>
</head>
<body>
<main>
<p class="brand">Punku</p>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`
}

function alert(problem: string | undefined): Html | undefined {
  return problem === undefined ? undefined : html`<p class="alert" role="alert" id="problem">${prose(problem)}</p>`
}

/** The attributes of a field by which it is read out with its help and with what is wrong with it. */
function described(problem: string | undefined, help?: string): Html | undefined {
  const ids = [problem === undefined ? [] : ['problem'], help ?? []].flat().join(' ')
  if (ids === '') return undefined
  return html`aria-invalid="${problem !== undefined ? 'true' : 'false'}" aria-describedby="${ids}"`
}

function kept(code: string): Html | undefined {
  return code === '' ? undefined : html`<input type="hidden" name="code" value="${code}">`
}

/** An agent's own words: whichever way they are written, they do not turn the rest of the line around. */
function said(text: string): Html {
  return text === '' ? html`<span class="quiet">not said</span>` : html`<bdi>${text}</bdi>`
}

/** A message, with what stands between backticks in it as code. */
function prose(message: string): readonly (Html | string)[] {
  return message.split('`').map((part, at) => (at % 2 === 0 ? part : html`<code>${part}</code>`))
}

function ago(ms: number): string {
  return ms < 1_000 ? 'just now' : `${formatDuration(Math.floor(ms / 1_000) * 1_000)} ago`
}

/** Without a script a page does not know its reader's time zone. */
function timeOfDay(at: number): Html {
  const iso = new Date(at).toISOString()
  return html`<time datetime="${iso}">${iso.slice(11, 16)} UTC</time>`
}
