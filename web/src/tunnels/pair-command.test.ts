import { describe, expect, it } from 'vitest'
import { isLoopback, pairCommand } from './pair-command.ts'

describe('pairCommand', () => {
  it('names the gateway, and nothing secret', () => {
    expect(pairCommand('https://models.example.org')).toBe('./punku pair https://models.example.org')
    expect(pairCommand('https://models.example.org', { hasToken: true })).toBe(
      './punku pair https://models.example.org --token-stdin',
    )
    expect(pairCommand('https://models.example.org', { hasToken: true, replaces: true })).toBe(
      './punku pair https://models.example.org --token-stdin --replace',
    )
  })

  it('says that plain HTTP is meant where the agent would refuse it', () => {
    expect(pairCommand('http://192.168.1.20:11435')).toContain(' --allow-plain-http')
    expect(pairCommand('http://127.0.0.1:11435')).not.toContain('plain')
  })
})

describe('isLoopback', () => {
  it('tells this machine from others', () => {
    for (const host of ['localhost:1', 'a.localhost', '127.0.0.1:11435', '127.3.4.5', '[::1]:80']) {
      expect(isLoopback(`http://${host}`)).toBe(true)
    }
    for (const host of ['models.example.org', '192.168.1.20', 'localhost.example.org', '[fe80::1]']) {
      expect(isLoopback(`http://${host}`)).toBe(false)
    }
  })
})
