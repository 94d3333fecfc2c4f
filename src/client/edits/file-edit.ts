/** A value as JSON, YAML and TOML can all hold it. */
export type PlainValue = string | number | boolean | readonly PlainValue[] | { readonly [name: string]: PlainValue }

/** One place in a document, and what stands there afterwards. Objects on the way that are missing are made. */
export type DocumentChange =
  /** Puts the value there, in place of what is there. */
  | { readonly kind: 'set'; readonly path: readonly string[]; readonly value: PlainValue }
  /** Takes away what is there. */
  | { readonly kind: 'remove'; readonly path: readonly string[] }
  /** Of a list of objects: puts the item in place of the one with the same value in the field `by`, else at the end. */
  | {
      readonly kind: 'item'
      readonly path: readonly string[]
      readonly by: string
      readonly item: { readonly [name: string]: PlainValue }
    }

/** What a set-up changes of one file. */
export type FileEdit = {
  /** Absolute. Folders on the way that are missing are made. */
  readonly file: string
  /** A key stands in it: nobody but this user may read it. */
  readonly hasKey?: boolean
} & (
  | { readonly format: 'json' | 'jsonc' | 'yaml' | 'toml'; readonly changes: readonly DocumentChange[] }
  /** A file that is all ours: it must be absent, or as we wrote it. */
  | { readonly format: 'whole'; readonly text: string }
  /** Lines between two marks of ours in a shell's profile. */
  | { readonly format: 'block'; readonly text: string }
)
