import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import * as node from '../../src/sdk/punku.ts'
import * as web from '../../src/sdk/punku-web.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(root + path, 'utf8')
const page = read('docs/sdk.md')

/** Every name that a file of exports gives, types among them. */
function exportedBy(path: string): string[] {
  return [...read(path).matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
    names.split(',').flatMap((name) => name.trim().replace(/^type /, '') || []),
  )
}

const typed = [...exportedBy('src/sdk/punku.ts'), ...exportedBy('src/sdk/punku-web.ts')]

test('the page names all that the package gives, once, and nothing else', () => {
  const rows = [...page.slice(page.indexOf('## All of it')).matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)(?:\(\w+\))?`/g)].map(([, name = '']) => name),
  )
  expect(rows.toSorted()).toEqual(typed.toSorted())
})

test('what is there at run time is what the package has been given as its surface', () => {
  expect(Object.keys(web).sort()).toEqual(['TunnelRefusal', 'punkuFetch'])
  expect(Object.keys(node).sort()).toEqual(['TunnelRefusal', 'openGateway', 'punkuDispatcher', 'punkuFetch'])
  expect(typed).toHaveLength(new Set(typed).size)
})

test('the page has every reason of a refusal, and every option', () => {
  const [, reasons = ''] = /type TunnelRefusalReason = (.+)/.exec(read('src/sdk/tunnel-host.ts')) ?? []
  for (const [, reason] of reasons.matchAll(/'(\w+)'/g)) expect(page).toContain(`\`${reason}\`: `)
  const files = ['tunnel-way.ts', 'punku-fetch.ts', 'punku-dispatcher.ts', 'open-gateway.ts']
  const options = files.flatMap((file) =>
    [...read(`src/sdk/${file}`).matchAll(/interface \w+Options[^{]*\{([\s\S]*?)\n\}/g)].flatMap(([, body = '']) =>
      [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name = '']) => name),
    ),
  )
  expect(options.length).toBeGreaterThan(8)
  expect(options.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})
