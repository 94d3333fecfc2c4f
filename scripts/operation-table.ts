import { type OperationName, operations } from '../src/contract/operations.ts'

/** The text of `src/contract/operation-table.ts`: every operation with its method and path, in the order of the contract. */
export function renderOperationTable(): string {
  const rows = (Object.keys(operations) as OperationName[]).map((name) => {
    const { method, path } = operations[name]
    return `  ${name}: ['${method.toUpperCase()}', '${path}'],`
  })
  return [
    "import type { OperationName } from './operations.ts'",
    '',
    '/**',
    ' * Where each operation is asked for: its method and its path, in which `{name}` stands for a parameter. Written by',
    ' * `npm run docs` from `operations.ts`, so that whoever calls an operation loads no schema.',
    ' */',
    'export const OPERATION_TABLE: Readonly<Record<OperationName, readonly [method: string, path: string]>> = {',
    ...rows,
    '}',
    '',
  ].join('\n')
}
