import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { withFieldDocs } from '../../scripts/field-docs.ts'
import { withRouteDocs } from '../../scripts/route-docs.ts'
import { FORMATS } from '../../src/formats/formats.ts'
import { Metrics } from '../../src/gateway/metering/metrics.ts'
import { FORWARDED_REQUEST_HEADERS, FORWARDED_RESPONSE_HEADERS } from '../../src/http/headers.ts'
import { ROUTES, routeLabel } from '../../src/servers/route-table.ts'

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

  test('has the tables of fields as they are', () => {
    expect(page, 'run: npm run docs').toBe(withFieldDocs(page))
    expect(page).toContain('| `draft_model`, ')
  })

  test('names each stream format with its keep-alive', () => {
    for (const { name: format, stream } of Object.values(FORMATS)) {
      if (stream === undefined) continue
      const row = page.split('\n').find((line) => line.split(' | ')[0]?.includes(`\`${format}\``)) ?? ''
      const documented = row.split(' | ').at(-1) ?? ''
      const keepAlive = stream.keepAlive?.split('\n')[0]
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
    const metrics = new Metrics({
      liveExchanges: () => 0,
      upstreamsUp: () => [],
      clients: { openCount: 0, refusedCount: 0 },
      rows: { unwrittenCount: 0, droppedCount: 0 },
      held: { bodies: () => 0, answers: () => 0 },
      loopDelay: { take: () => ({ p50: 0, p99: 0, max: 0 }) },
    })
    const { text } = await metrics.render()
    const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name)
    expect(
      codeSpans(page)
        .filter((span) => /^punku_[a-z_]+$/.test(span))
        .sort(),
    ).toEqual(names.sort())
  })
})
