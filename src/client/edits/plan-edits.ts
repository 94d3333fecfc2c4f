import { isAbsolute } from 'node:path'
import { ConfigError } from '../../config/config-error.ts'
import { changeBlock } from './documents/block-text.ts'
import { changeDocument } from './documents/change-document.ts'
import { DocumentFault } from './documents/document-format.ts'
import { documentFormat } from './documents/load-format.ts'
import type { FileEdit } from './file-edit.ts'
import { readForeignFile } from './foreign-file.ts'

/** What an edit would make of its file. Of several edits of one file each begins where the one before it ended. */
export interface PlannedEdit {
  readonly file: string
  /** `undefined`: there is no such file. */
  readonly before: string | undefined
  readonly after: string
  readonly edit: FileEdit
}

const TITLES = { json: 'JSON', jsonc: 'JSON with comments', yaml: 'YAML', toml: 'TOML', block: 'a profile', whole: '' }

/**
 * Works out what the edits would change, and changes nothing.
 * @throws ConfigError for a file that is broken, is no file of this user's, or holds something else where a change has
 * to go; the message has its place and what to do.
 */
export async function planEdits(edits: readonly FileEdit[]): Promise<readonly PlannedEdit[]> {
  const texts = new Map<string, string | undefined>()
  const planned: PlannedEdit[] = []
  for (const edit of edits) {
    if (!isAbsolute(edit.file)) throw new TypeError(`${edit.file} is no absolute path`)
    const { target, text } = readForeignFile(edit.file)
    const before = texts.has(target) ? texts.get(target) : text
    const after = await edited(before, edit)
    texts.set(target, after)
    planned.push({ file: edit.file, before, after, edit })
  }
  return planned
}

/** Whether any of the edits changes anything. */
export function hasChanges(planned: readonly PlannedEdit[]): boolean {
  return planned.some(({ before, after }) => before !== after)
}

async function edited(before: string | undefined, edit: FileEdit): Promise<string> {
  let text = before ?? ''
  try {
    if (edit.format === 'whole') return edit.text
    if (edit.format === 'block') return changeBlock(text, edit.text)
    const format = await documentFormat(edit.format)
    // A file that is broken is told also where nothing would be changed.
    format.read(text)
    for (const change of edit.changes) text = changeDocument(format, text, change)
    return text
  } catch (error) {
    throw error instanceof DocumentFault ? refusedDocument(edit.file, edit.format, error) : error
  }
}

/** What a person is told of a document that cannot be edited. */
export function refusedDocument(file: string, format: FileEdit['format'], fault: DocumentFault): ConfigError {
  const title = TITLES[format]
  const what =
    fault.line > 0
      ? `${file}:${fault.line}:${fault.column} cannot be read as ${title}: ${fault.message}.`
      : `${file} cannot be changed: ${fault.message}.`
  return new ConfigError([`${what} Correct it there, or move the file away, and try again. Nothing was changed.`], {
    cause: fault,
  })
}
