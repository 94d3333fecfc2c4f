import type { FileEdit } from '../file-edit.ts'
import { DocumentFault, type DocumentFormat, type DocumentValue } from './document-format.ts'

/** The format of an edit that names places in a document. Its parser is loaded with it, and not before. */
export async function documentFormat(name: Exclude<FileEdit['format'], 'whole' | 'block'>): Promise<DocumentFormat> {
  switch (name) {
    case 'json':
      return behindMark((await import('./json-format.ts')).strictJsonFormat)
    case 'jsonc':
      return behindMark((await import('./json-format.ts')).commentedJsonFormat)
    case 'yaml':
      return behindMark((await import('./yaml-format.ts')).yamlFormat)
    case 'toml':
      return behindMark((await import('./toml-format.ts')).tomlFormat)
  }
}

/** Editors on Windows put a byte order mark in front; it stays, and no format needs to know of it. */
function behindMark(format: DocumentFormat): DocumentFormat {
  const mark = (text: string) => (text.startsWith('\uFEFF') ? '\uFEFF' : '')
  const body = (text: string) => text.slice(mark(text).length)
  return {
    read: (text) => readShallow(format, body(text)),
    put: (text, path, value) => mark(text) + format.put(body(text), path, value),
    append: (text, path, item) => mark(text) + format.append(body(text), path, item),
    take: (text, path) => mark(text) + format.take(body(text), path),
  }
}

/** The parsers go into a document as deep as it is, and what has a thousand levels is no configuration. */
function readShallow(format: DocumentFormat, text: string): DocumentValue | undefined {
  try {
    return format.read(text)
  } catch (error) {
    if (error instanceof RangeError) throw new DocumentFault('it has too many levels within each other')
    throw error
  }
}
