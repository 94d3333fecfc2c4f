import { describe, expect, it } from 'vitest'
import { errorText } from './refusal.ts'

describe('errorText', () => {
  it('finds the words in each dialect’s error', () => {
    expect(errorText('{"error":{"message":"No such model.","code":"model_not_found"}}', 404)).toBe('No such model.')
    expect(errorText('{"type":"error","error":{"type":"x","message":"Not allowed."}}', 403)).toBe('Not allowed.')
    expect(errorText('{"error":"model is busy"}', 503)).toBe('model is busy')
  })

  it('says the status where there are none', () => {
    for (const body of ['', '<html>', '{"error":{}}', '{"error":""}']) expect(errorText(body, 502)).toContain('502')
  })
})
