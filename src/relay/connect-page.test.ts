import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codePage, confirmPage, connectPath, endPage, type Html, setupPage, signInPage } from './connect-page.ts'

const AT = Date.UTC(2026, 0, 1, 12, 34)

const pages: readonly [string, (text: string) => Html][] = [
  ['sign in', (text) => signInPage({ code: `${text}x`, problem: text })],
  ['setup', (text) => setupPage({ setupToken: text, code: `${text}x` })],
  ['code', (text) => codePage({ title: text, code: text, problem: text })],
  ['confirm', (text) => confirmFor(`${text}x`)],
  ['end', (text) => endPage({ title: text, text, code: `${text}x` })],
]

function confirmFor(text: string, label = text): Html {
  const said = { userCode: text, label: text, machine: text, platform: text, software: text, address: text }
  const request = { ...said, requestedAt: AT, expiresAt: AT + 600_000, state: 'pending' } as const
  return confirmPage({ request, formToken: text, nowMs: AT + 90_000, label, problem: text })
}

/** What makes up a page's structure: its tags, and the quotes around its attributes. */
const structureOf = (page: Html) => String(page).replace(/[^<>"']/g, '')

test.each(pages)('whatever text is set into the page "%s", its structure stays the same', (_, render) => {
  const hostile = fc.oneof(
    fc.string({
      unit: fc.constantFrom('<', '>', '"', "'", '&', '=', '/', ' ', 'a', '\0', '\u202e', '\ud83d\ude00'),
    }),
    fc.constantFrom('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '&quot;&lt;', '</style><script>'),
  )
  const plain = structureOf(render('a'))
  fc.assert(
    fc.property(hostile, (text) => {
      expect(structureOf(render(text))).toBe(plain)
    }),
  )
})

test.each(pages)('the page "%s" has a language, a title, and no script', (_, render) => {
  const html = String(render('a'))
  expect(html).toMatch(/^<!doctype html>\n<html lang="en">/)
  expect(html).toMatch(/<title>[^<]+<\/title>/)
  expect(html).not.toMatch(/<script|javascript:|\son\w+=|\sstyle=/i)
})

test.each(pages)('each field of the page "%s" has a label, and what describes it is there', (_, render) => {
  const html = String(render('a'))
  const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [input] of html.matchAll(/<input (?!type="hidden")[^>]*>/g)) {
    const id = /\sid="([^"]+)"/.exec(input)?.[1]
    expect(html).toContain(`<label for="${id}">`)
    for (const described of /aria-describedby="([^"]+)"/.exec(input)?.[1]?.split(' ') ?? [])
      expect(ids).toContain(described)
  }
})

test('who asks is shown with times that people read', () => {
  const html = String(confirmFor('a'))
  expect(html).toContain('1.5 min ago, at <time datetime="2026-01-01T12:34:00.000Z">12:34 UTC</time>')
  expect(html).toContain('<dd>for 8.5 min more</dd>')
})

test('what a message names as code is set as code', () => {
  expect(String(endPage({ title: 'a', text: 'See `punku tunnels list` <now>.' }))).toContain(
    '<p>See <code>punku tunnels list</code> &lt;now&gt;.</p>',
  )
})

test('what an agent left out is said to be so', () => {
  expect(String(confirmFor(''))).toContain('<dt>Machine</dt><dd><span class="quiet">not said</span></dd>')
})

test('only what can be a code stands in a command that somebody may copy', () => {
  expect(String(signInPage({ code: '9KV-DU6' }))).toContain('punku tunnels approve 9KV-DU6<')
  for (const code of ['', 'X; rm -rf ~', '$(id)', '9KV-DU6\nid']) {
    expect(String(signInPage({ code }))).toContain('punku tunnels approve CODE<')
  }
})

test('a path with a code stays on this site', () => {
  expect(connectPath('')).toBe('/connect')
  expect(connectPath('//evil.example/?a&b#c')).toBe('/connect?code=%2F%2Fevil.example%2F%3Fa%26b%23c')
})
