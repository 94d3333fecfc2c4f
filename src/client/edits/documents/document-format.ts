/** What stands in a document. Times and the like, which JSON has not, are there as whatever a parser makes of them. */
export type DocumentValue =
  | null
  | string
  | number
  | boolean
  | readonly DocumentValue[]
  | { readonly [name: string]: DocumentValue }

/** The names on the way to a place; a number is an item of a list, and stands only at the end. */
export type DocumentPath = readonly (string | number)[]

/** A format that is edited as text. Every function takes a text that `read` took, and changes no line but those it is about. */
export interface DocumentFormat {
  /** What stands in it; `undefined` where there is nothing at all. @throws DocumentFault for what the format does not allow */
  read(text: string): DocumentValue | undefined
  /** Puts the value in place of the one there, or makes the place; what is on the way to it is an object, null or missing. */
  put(text: string, path: DocumentPath, value: DocumentValue): string
  /** Adds an item to the end of the list there, which has one already. */
  append(text: string, path: DocumentPath, item: DocumentValue): string
  /** Takes away what is there. */
  take(text: string, path: DocumentPath): string
}

/** A text is not of its format, or holds the place in a form that is not edited. */
export class DocumentFault extends Error {
  override readonly name = 'DocumentFault'
  /** From 1; 0 where no place is known. */
  readonly line: number
  readonly column: number

  constructor(message: string, line = 0, column = 0) {
    super(message)
    this.line = line
    this.column = column
  }
}

/** The fault at a place of the text, counted in UTF-16 units from 0. */
export function faultAt(text: string, offset: number, message: string): DocumentFault {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return new DocumentFault(message, before.split('\n').length, offset - lineStart + 1)
}
