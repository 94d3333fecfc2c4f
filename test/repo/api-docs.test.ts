import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { withRouteDocs } from '../../scripts/route-docs.ts'
import { ROUTES, routeLabel } from '../../src/dialects/routes.ts'
import { keepAliveOf } from '../../src/dialects/stream-formats.ts'
import { Metrics } from '../../src/gateway/metrics.ts'
import { FORWARDED_REQUEST_HEADERS, FORWARDED_RESPONSE_HEADERS } from '../../src/http/headers.ts'

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')

/** The first paragraph that starts with `start`. */
function paragraph(start: string): string {
  return page.split('\n\n').find((text) => text.startsWith(start)) ?? ''
}

function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span)
}

describe('docs/api.md', () => {
  test('has the route table as it is', () => {
    expect(page, 'run: npm run docs').toBe(withRouteDocs(page))
    expect(ROUTES.filter((route) => !page.includes(`| \`${routeLabel(route)}\` |`))).toEqual([])
  })

  test('names each stream format with its keep-alive', () => {
    const formats = new Set(ROUTES.flatMap(({ stream }) => (stream === undefined ? [] : [stream.format])))
    for (const format of formats) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${format}\` |`)) ?? ''
      const documented = row.split(' | ').at(-1) ?? ''
      const keepAlive = keepAliveOf(format)?.split('\n')[0]
      expect(documented, format).toMatch(keepAlive === undefined ? /^none/ : `\`${keepAlive}\``)
    }
  })

  test('names every header that is passed on, and no others', () => {
    const sent = codeSpans(paragraph('**Sent upstream**').split(' and the family ')[0] ?? '')
    expect(sent.sort()).toEqual([...FORWARDED_REQUEST_HEADERS].sort())
    const passedBack = codeSpans(paragraph('**Passed back**').split(' and the families')[0] ?? '')
    expect(passedBack.sort()).toEqual([...FORWARDED_RESPONSE_HEADERS].sort())
  })

  test('names every metric', async () => {
    const metrics = new Metrics({ liveExchanges: () => 0, upstreamsUp: () => [] })
    const { text } = await metrics.render()
    const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name)
    expect(
      codeSpans(page)
        .filter((span) => /^punku_[a-z_]+$/.test(span))
        .sort(),
    ).toEqual(names.sort())
  })
})
