import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { SchemaTypes } from '../../scripts/schema-types.ts'
import { renderSdkTypes } from '../../scripts/sdk-types.ts'
import type { configSchema } from '../../src/config/schema.ts'
import type { CallAnswer, CallArguments } from '../../src/contract/client.ts'
import type { OperationName } from '../../src/contract/operations.ts'
import type { ControlCalls } from '../../src/sdk/control-calls.ts'
import type { GatewayConfig } from '../../src/sdk/gateway-config.ts'

const sdk = fileURLToPath(new URL('../../src/sdk/', import.meta.url))

/** What can take each other's place. `readonly` says nothing to it, as the compiler has it. */
type Fits<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false

type Unlike = {
  [Name in OperationName]: Fits<ControlCalls[Name]['arguments'], CallArguments<Name>> extends true
    ? Fits<ControlCalls[Name]['answer'], CallAnswer<Name>> extends true
      ? never
      : Name
    : Name
}[OperationName]

test('the types that are written out are what the schemas say', () => {
  const files = renderSdkTypes()
  for (const [path, text] of files) expect(readFileSync(sdk + path, 'utf8'), 'run: npm run docs').toBe(text)
  const inFolders = ['calls', 'config'].flatMap((folder) =>
    readdirSync(sdk + folder).map((name) => `${folder}/${name}`),
  )
  expect(inFolders.filter((path) => !files.has(path))).toEqual([])
})

test('the compiler takes each for the other', () => {
  expectTypeOf<keyof ControlCalls>().toEqualTypeOf<OperationName>()
  expectTypeOf<Unlike>().toBeNever()
  expectTypeOf<Fits<GatewayConfig, z.input<typeof configSchema>>>().toEqualTypeOf<true>()
})

test('a schema whose type cannot be read is an error, not a type that is wrong', () => {
  const transformed = z.string().transform((text) => text.length)
  expect(new SchemaTypes().typeOf(transformed, 'input')).toBe('string')
  expect(() => new SchemaTypes().typeOf(transformed, 'output')).toThrow(TypeError)
})
