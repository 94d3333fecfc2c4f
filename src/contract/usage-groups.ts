/** How usage may be summed. It stands apart from the schemas: a command shows it without loading them. */
export const USAGE_GROUPS = ['day', 'hour', 'model', 'key', 'person', 'client', 'session', 'upstream'] as const
export type UsageGrouping = (typeof USAGE_GROUPS)[number]
