import { expect, test } from 'vitest'
import { isOfAnyAddress, isOpenableElsewhere, openableHere } from './openable-url.ts'

test.each([
  ['http://0.0.0.0:11435', 'http://127.0.0.1:11435'],
  ['https://[::]:443', 'https://[::1]:443'],
])('%s is opened at loopback, and by nobody elsewhere', (url, here) => {
  expect([isOfAnyAddress(url), openableHere(url), isOpenableElsewhere(url)]).toEqual([true, here, false])
})

test.each([
  ['http://127.0.0.1:11435', false],
  ['http://[::1]:1', false],
  ['http://localhost:1', false],
  ['http://192.168.1.5:11435', true],
  ['https://gateway.example.org', true],
])('%s is opened as it is; elsewhere: %s', (url, isElsewhere) => {
  expect([isOfAnyAddress(url), openableHere(url), isOpenableElsewhere(url)]).toEqual([false, url, isElsewhere])
})
