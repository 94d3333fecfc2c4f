import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import { renderControlCalls, renderGatewayConfig } from '../../scripts/sdk-types.ts'
import type { configSchema } from '../../src/config/schema.ts'
import type { CallAnswer, CallArguments } from '../../src/contract/client.ts'
import type { OperationName } from '../../src/contract/operations.ts'
import type { ControlCalls } from '../../src/sdk/control-calls.ts'
import type { GatewayConfig } from '../../src/sdk/gateway-config.ts'

const sdk = fileURLToPath(new URL('../../src/sdk/', import.meta.url))

test.each([
  ['control-calls.ts', renderControlCalls],
  ['gateway-config.ts', renderGatewayConfig],
])('src/sdk/%s is what the schemas say', (file, render) => {
  expect(readFileSync(sdk + file, 'utf8'), 'run: npm run docs').toBe(render())
})

/** Either may stand where the other is wanted. */
type AreSame<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

// What these say is checked by the compiler.
describe('the written types and those of the schemas', () => {
  test('name the same operations', () => expectTypeOf<keyof ControlCalls>().toEqualTypeOf<OperationName>())

  test('take the same', () => {
    type Different = {
      [Name in OperationName]: AreSame<ControlCalls[Name]['arguments'], CallArguments<Name>> extends true ? never : Name
    }[OperationName]
    expectTypeOf<Different>().toEqualTypeOf<never>()
  })

  test('answer the same', () => {
    type Different = {
      [Name in OperationName]: AreSame<ControlCalls[Name]['answer'], CallAnswer<Name>> extends true ? never : Name
    }[OperationName]
    expectTypeOf<Different>().toEqualTypeOf<never>()
  })

  test('are the same options', () => {
    expectTypeOf<AreSame<GatewayConfig, z.input<typeof configSchema>>>().toEqualTypeOf<true>()
  })
})
