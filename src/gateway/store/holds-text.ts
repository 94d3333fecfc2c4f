import { type RawBuilder, type SqlBool, sql } from 'kysely'

/** Whether one of the columns has the text somewhere in it, in any letter case. No character of it is a wildcard. */
export function holdsText(columns: readonly string[], text: string): RawBuilder<SqlBool> {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`
  const each = columns.map((column) => sql`lower(${sql.ref(column)}) like lower(cast(${pattern} as text)) escape '\\'`)
  return sql<SqlBool>`(${sql.join(each, sql` or `)})`
}
