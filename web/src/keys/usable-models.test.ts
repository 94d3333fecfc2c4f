import { expect, it } from 'vitest'
import type { ModelGroup } from '../models/model-groups.ts'
import { namedModel, usableModels } from './usable-models.ts'

const group = (canonical: string, isCloud = false): ModelGroup => ({
  ...{ canonical, name: canonical, id: canonical, isCloud, places: [], context: undefined, trained: undefined },
  ...{ capabilities: [], sizeBytes: null, isLoaded: null, isEmbedding: false },
})
const GROUPS = [group('llama3:8b'), group('team/coder:latest'), group('tiny:latest'), group('big:cloud', true)]
const usable = (models: readonly string[], allowsCloud = false) =>
  usableModels(GROUPS, { models: [...models], allowsCloud }).map(({ canonical }) => canonical)

it('gives what the patterns of a key mean, as the gateway reads them', () => {
  expect(usable(['Tiny'])).toEqual(['tiny:latest'])
  expect(usable(['llama*', 'team/*'])).toEqual(['llama3:8b', 'team/coder:latest'])
  expect(usable(['library/*'])).toEqual(['llama3:8b', 'tiny:latest'])
  expect(usable(['*'])).toEqual(['llama3:8b', 'team/coder:latest', 'tiny:latest'])
  expect(usable(['gone'])).toEqual([])
})

it('gives a cloud model to a key that may use it', () => {
  expect(usable(['big:cloud'])).toEqual([])
  expect(usable(['big:cloud'], true)).toEqual(['big:cloud'])
})

it('names what a key spells out', () => {
  expect(namedModel({ models: ['llama*', 'gone:8b'], allowsCloud: false })).toBe('gone:8b')
  expect(namedModel({ models: ['*'], allowsCloud: false })).toBeUndefined()
})
