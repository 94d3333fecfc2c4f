import { expect, test } from 'vitest'
import { DEFAULT_ORG_SETTINGS, parseOrgSettings } from './org-settings.ts'

test('what is not stored has its default', () => {
  expect(parseOrgSettings('{}')).toEqual(DEFAULT_ORG_SETTINGS)
  expect(parseOrgSettings('{"currency":"EUR","memberKeys":{"max":0}}')).toEqual({
    currency: 'EUR',
    prices: [],
    memberKeys: { ...DEFAULT_ORG_SETTINGS.memberKeys, max: 0 },
  })
})

test('what is stored comes back', () => {
  const settings = {
    currency: 'EUR',
    prices: [{ models: '*', promptPerMillion: 1, completionPerMillion: 2 }],
    memberKeys: { max: 1, models: ['a'], maxLifeMs: 60_000, allowsManage: true, allowsCloud: true },
  }
  expect(parseOrgSettings(JSON.stringify(settings))).toEqual(settings)
})
