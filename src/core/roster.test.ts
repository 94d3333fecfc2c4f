import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Roster } from './roster.ts'

interface Member {
  readonly id: number
  place: number
}

const newRoster = () =>
  new Roster<Member>(
    (one) => one.place,
    (one, at) => {
      one.place = at
    },
  )

const member = (id: number): Member => ({ id, place: -1 })

function visited(roster: Roster<Member>): number[] {
  const ids: number[] = []
  roster.each(({ id }) => ids.push(id))
  return ids.sort((a, b) => a - b)
}

test('holds what a set would hold, whatever is added and removed', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (list) => {
      const members = Array.from({ length: 10 }, (_, id) => member(id))
      const roster = newRoster()
      const model = new Set<number>()
      for (const [isAdded, id] of list) {
        const one = members[id] as Member
        if (isAdded) {
          roster.add(one)
          model.add(id)
        } else {
          expect(roster.remove(one)).toBe(model.delete(id))
        }
      }
      expect(roster.size).toBe(model.size)
      expect(visited(roster)).toEqual([...model].sort((a, b) => a - b))
    }),
  )
})

test('visits everyone who stays while members remove themselves and others come', () => {
  const roster = newRoster()
  const members = [member(0), member(1), member(2), member(3)]
  for (const one of members) roster.add(one)
  const seen = new Set<number>()
  roster.each((one) => {
    seen.add(one.id)
    if (one.id % 2 === 1) roster.remove(one)
    roster.add(member(10 + one.id))
  })
  expect([...seen].filter((id) => id < 10).sort()).toEqual([0, 1, 2, 3])
})

test('members that were all taken out may come again', () => {
  const roster = newRoster()
  const one = member(1)
  roster.add(one)
  expect(roster.takeAll()).toEqual([one])
  expect(roster.remove(one)).toBe(false)
  roster.add(one)
  expect(visited(roster)).toEqual([1])
})
