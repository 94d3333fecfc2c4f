/** Fields as JSON without the braces around them; what is `undefined` is no field. */
export function fieldsOf(fields: object): string {
  return JSON.stringify(fields).slice(1, -1)
}
