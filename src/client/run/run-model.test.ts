import { expect, test } from 'vitest'
import { type RunModelOptions, runModel } from './run-model.ts'

const url = 'https://gateway.example.org'
const model = (id: string, contextTokens?: number, isChat = true) => ({ id, contextTokens, isChat })
const choose = (options: Partial<RunModelOptions>) =>
  runModel({
    offered: [],
    asked: undefined,
    ofProfile: undefined,
    contextTokens: undefined,
    isOptional: false,
    url,
    ...options,
  })

test('the one that is asked for, else that of the profile, else the only one that writes', () => {
  const offered = [model('tiny:latest', 8_000), model('Large', 200_000), model('embedder', undefined, false)]
  expect(choose({ offered, asked: 'large', ofProfile: 'tiny' })).toEqual({
    id: 'Large',
    otherwise: "The model 'large' is offered as Large.",
    contextTokens: 200_000,
    contextFrom: 'gateway',
    maxOutputTokens: 16_384,
  })
  expect(choose({ offered, ofProfile: 'tiny' })).toMatchObject({ id: 'tiny:latest', maxOutputTokens: 2_000 })
  expect(choose({ offered: offered.slice(1) })).toMatchObject({ id: 'Large' })
  expect(() => choose({ offered })).toThrow(`Say which model: --model MODEL. ${url} offers: tiny:latest, Large.`)
  expect(() => choose({ offered, asked: 'other' })).toThrow("no model 'other'. It offers: tiny:latest, Large.")
  expect(() => choose({})).toThrow('offers this key no model now')
  expect(choose({ offered, isOptional: true })).toMatchObject({ id: '' })
  expect(() => choose({ offered, isOptional: true, asked: 'other' })).toThrow('It offers')
})

test('how much it takes is as the person says, else as the gateway knows, else a guess that is called one', () => {
  const offered = [model('tiny', 8_000)]
  expect(choose({ offered, contextTokens: 9_000 })).toMatchObject({ contextTokens: 9_000, contextFrom: 'asked' })
  expect(choose({ offered: [model('tiny')] })).toMatchObject({ contextTokens: 32_768, contextFrom: 'default' })
})

test.each([
  '--yolo',
  '-x',
  'x{env:HOME}y',
  'x{file:~/id}y',
  `a$${'{{ secrets.X }}'}`,
  '$HOME',
  '`id`',
  "a'b",
  'a"b',
  'a\\b',
  'a;b',
  'a|b',
  '~/x',
  '@file',
  '%X%',
])('a model that is called %j is refused: tools would take it for something else', (id) => {
  expect(() => choose({ offered: [model(id, 8_000)] })).toThrow(/name tools may take for something else/)
})

test.each([
  'llama3.2:1b',
  'hf.co/unsloth/Qwen3-GGUF:Q4_K_M',
  'models/x (1).gguf',
  'modèle',
  'a@b=c+d,[e]',
  'my model',
  '_x',
])('and one that is called %j is not', (id) => expect(choose({ offered: [model(id, 8_000)] })).toMatchObject({ id }))
