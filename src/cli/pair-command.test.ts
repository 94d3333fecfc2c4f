import { describe, expect, test } from 'vitest'
import { pairCommand } from './pair-command.ts'

describe('the command for another machine', () => {
  test.each<[addresses: string[], words: string]>([
    [['https://gateway.example'], 'pair https://gateway.example --token-stdin'],
    [['http://127.0.0.1:11435', 'http://100.64.0.7:11435'], 'pair http://100.64.0.7:11435 --token-stdin'],
    [['http://10.0.0.5:80', 'https://10.0.0.5:443'], 'pair https://10.0.0.5:443 --token-stdin'],
    [['https://[fd00::1]:8443'], "pair 'https://[fd00::1]:8443' --token-stdin"],
  ])('%j is right as it stands', (addresses, words) => {
    expect(pairCommand({ addresses, publicUrl: null })).toEqual({ words, isHere: false, note: undefined })
  })

  test.each(['http://127.0.0.1:11435', 'http://127.8.0.1:1', 'http://[::1]:11435'])(
    '%s cannot be reached from there: it is for this machine, and says so',
    (address) => {
      const { words, isHere, note } = pairCommand({ addresses: [address], publicUrl: null })
      expect([words, isHere]).toEqual([expect.stringContaining(address), true])
      expect(note).toContain(`in the place of ${address}`)
    },
  )

  test.each([
    ['https://0.0.0.0:443', 'https://127.0.0.1:443'],
    ['https://[::]:443', 'https://[::1]:443'],
  ])("%s is nobody's to open: this machine takes its loopback", (address, here) => {
    const { words, isHere, note } = pairCommand({ addresses: [address], publicUrl: null })
    expect([words, isHere]).toEqual([expect.stringContaining(here), true])
    expect(note).toContain(`in the place of ${here}`)
  })

  test('the public address goes before those it listens at', () => {
    const gateway = { addresses: ['http://127.0.0.1:11435', 'https://10.0.0.5'], publicUrl: 'https://gateway.example' }
    expect(pairCommand(gateway)).toEqual({
      words: 'pair https://gateway.example --token-stdin',
      isHere: false,
      note: undefined,
    })
  })

  test('where no gateway runs, its address is left to fill in', () => {
    const { words, isHere, note } = pairCommand(undefined)
    expect([words, isHere]).toEqual(['pair https://GATEWAY --token-stdin', false])
    expect(note).toContain('GATEWAY is')
  })
})
