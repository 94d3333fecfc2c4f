import {
  ColumnNode,
  DeleteQueryNode,
  InsertQueryNode,
  type OperationNode,
  type RootOperationNode,
  TableNode,
  UpdateQueryNode,
} from 'kysely'

type Write = 'insert' | 'update' | 'delete'

/**
 * The writes to the library's tables that say who comes in, and how. Not among them: limits of requests, links and
 * challenges, which strangers have made and which are used up before a password is hashed or an issuer is asked; and that
 * a session was used.
 */
const OPENING: Readonly<Record<string, readonly Write[]>> = {
  people: ['insert', 'update', 'delete'],
  accounts: ['insert', 'update', 'delete'],
  sessions: ['insert', 'delete'],
  two_factors: ['insert', 'update', 'delete'],
  passkeys: ['insert', 'update', 'delete'],
  login_codes: ['update', 'delete'],
}

/** Whether a statement of the library changes who comes in: then it, and all after it, belongs to a change. */
export function opensChange(query: RootOperationNode): boolean {
  const write = writeOf(query)
  if (write === undefined || OPENING[write.table]?.includes(write.kind) !== true) return false
  // An agent of a command line asks again and again, and each time it is written when.
  return write.table !== 'login_codes' || write.kind === 'delete' || sets(query, 'status')
}

function writeOf(query: RootOperationNode): { readonly kind: Write; readonly table: string } | undefined {
  if (InsertQueryNode.is(query)) return { kind: 'insert', table: nameOf(query.into) }
  if (UpdateQueryNode.is(query)) return { kind: 'update', table: nameOf(query.table) }
  if (DeleteQueryNode.is(query)) return { kind: 'delete', table: nameOf(query.from.froms[0]) }
  return undefined
}

function nameOf(node: OperationNode | undefined): string {
  return node !== undefined && TableNode.is(node) ? node.table.identifier.name : ''
}

function sets(query: RootOperationNode, column: string): boolean {
  if (!UpdateQueryNode.is(query)) return false
  return query.updates?.some(({ column: set }) => ColumnNode.is(set) && set.column.name === column) === true
}
