import type { FileEdit } from '../edits/file-edit.ts'

/** What an edit makes of its file. */
export interface PlannedEdit {
  readonly file: string
  /** `undefined`: there is none. */
  readonly before: string | undefined
  readonly after: string
  readonly edit: FileEdit
}
