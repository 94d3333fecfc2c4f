import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { SetupLinks } from './setup-link.ts'

const ADDRESS = '192.0.2.1'
const tokenOf = (link: string) => new URL(link).hash.slice(1)

function make() {
  const clock = new ManualClock()
  return { clock, links: new SetupLinks({ clock }) }
}

test('the token is in the fragment, which goes to no server', () => {
  const link = make().links.issue('https://models.example.org')
  expect(link).toMatch(/^https:\/\/models\.example\.org\/ui\/setup#[0-9a-z]{52}$/)
})

test('a link is good once', () => {
  const { links } = make()
  const token = tokenOf(links.issue('http://localhost'))
  expect([links.take(token, ADDRESS), links.take(token, ADDRESS)]).toEqual([true, false])
})

test('a link is good for a day', () => {
  const { clock, links } = make()
  const [early, late] = [tokenOf(links.issue('http://localhost')), tokenOf(links.issue('http://localhost'))]
  clock.advance(86_399_999)
  expect(links.take(early, ADDRESS)).toBe(true)
  clock.advance(1)
  expect(links.take(late, ADDRESS)).toBe(false)
})

test('of many links the oldest end', () => {
  const { links } = make()
  const tokens = Array.from({ length: 9 }, () => tokenOf(links.issue('http://localhost')))
  expect(links.take(tokens[0] ?? '', ADDRESS)).toBe(false)
  expect(links.take(tokens[1] ?? '', ADDRESS)).toBe(true)
})

test('tokens cannot be guessed for long, and a good one does not count', () => {
  const { clock, links } = make()
  const good = () => tokenOf(links.issue('http://localhost'))
  for (let index = 0; index < 5; index++) expect(links.take(good(), ADDRESS)).toBe(true)
  for (let index = 0; index < 10; index++) expect(links.take(`guess ${index}`, ADDRESS)).toBe(false)
  expect(() => links.take(good(), ADDRESS)).toThrow(expect.objectContaining({ code: 'sign_in_limited' }))
  expect(links.take(good(), '192.0.2.2')).toBe(true)
  clock.advance(600_000)
  expect(links.take(good(), ADDRESS)).toBe(true)
})
