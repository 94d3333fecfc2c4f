/** The APIs that clients and model servers speak. Each stands for the folder of `dialects` that knows it. */
export const DIALECT_NAMES = ['ollama', 'openai', 'anthropic'] as const
export type DialectName = (typeof DIALECT_NAMES)[number]

/** What kind of API an upstream speaks; `unknown` until it has answered once. */
export const UPSTREAM_KINDS = [...DIALECT_NAMES, 'unknown'] as const
export type UpstreamKind = (typeof UPSTREAM_KINDS)[number]
