import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

const connection = new PassThrough()

test('requests of one connection have their turns in the order they came', () => {
  const turns = new Turns<string>()
  expect([turns.enter(connection, 'a'), turns.enter(connection, 'b'), turns.enter(connection, 'c')]).toEqual([1, 2, 3])
  expect(turns.current(connection)).toBe('a')
  expect(turns.leave(connection, 'a')).toBe('b')
  expect(turns.leave(connection, 'b')).toBe('c')
  expect(turns.leave(connection, 'c')).toBeUndefined()
  expect(turns.enter(connection, 'd')).toBe(1)
})

test('one that ends while it waits gives nobody a turn, and takes nobody else out', () => {
  const turns = new Turns<string>()
  for (const request of ['a', 'b', 'c']) turns.enter(connection, request)
  expect(turns.leave(connection, 'b')).toBeUndefined()
  expect(turns.current(connection)).toBe('a')
  expect(turns.leave(connection, 'a')).toBe('c')
})

test('one that is not there, or has left already, changes nothing', () => {
  const turns = new Turns<string>()
  expect(turns.leave(connection, 'a')).toBeUndefined()
  turns.enter(connection, 'a')
  turns.enter(connection, 'b')
  expect(turns.leave(connection, 'stranger')).toBeUndefined()
  expect(turns.leave(connection, 'a')).toBe('b')
  expect(turns.leave(connection, 'a')).toBeUndefined()
  expect(turns.current(connection)).toBe('b')
})
