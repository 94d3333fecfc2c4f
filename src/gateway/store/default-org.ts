/** The id of the org that is there from the start: `people-migration.ts` makes it, and it cannot be removed. */
export const DEFAULT_ORG = 'default'
