import { DIALECT_NAMES, type DialectName } from '../../core/dialect-name.ts'
import { PunkuError } from '../../core/error.ts'
import { type FieldDuty, pathsOf } from '../../dialects/body-fields.ts'
import { DIALECTS } from '../../dialects/dialects.ts'
import { type PlaceNode, placesOf } from '../../http/json-places.ts'
import type { FoundValue } from '../../http/json-value.ts'

/** A field of a request, as people are told of it, as in `messages.content.image_url`. */
type FieldName = string

interface Duties {
  readonly tree: PlaceNode
  /** By the number of the place. */
  readonly duties: readonly FieldDuty[]
  readonly names: readonly FieldName[]
}

/** Other models than the one it is about that a request may name: each is held against every glob of the key. */
const MAX_OTHER_MODELS = 16
/** Longer than every scheme of a URL. */
const SCHEME_CHARACTERS = 64
/** Base64 in both its alphabets; some clients write `\/`, or break lines. */
const BASE64 = /^[\w+/=-][\w+/=\s-]*$/
const BASE64_BYTES = tableOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=')
/** Texts with escapes cost more to look at, and a body has room for millions: so many are, one more is an address. */
const MAX_ESCAPED = 1_000

/** Another model than the one that a request is about. */
export interface OtherModel {
  readonly asked: string
  readonly field: FieldName
}

/** What the fields of one body ask for beyond an answer of its model. */
export class FieldFinds {
  readonly otherModels: OtherModel[] = []
  /** A field that names models in a way that is not read. */
  anyModel: FieldName | undefined
  /** The first field that makes the server call somebody. */
  call: FieldName | undefined
  /** The first field that changes the server. */
  manage: FieldName | undefined
  readonly places: { readonly tree: PlaceNode; readonly found: (value: FoundValue) => void }
  readonly #duties: Duties
  #escaped = 0

  constructor(dialect: DialectName) {
    this.#duties = DUTIES[dialect]
    this.places = { tree: this.#duties.tree, found: (value) => this.#found(value) }
  }

  #found(value: FoundValue): void {
    const name = this.#duties.names[value.place] as FieldName
    switch (this.#duties.duties[value.place]) {
      case 'model':
        this.#model(value, name)
        break
      case 'address':
        if (this.call === undefined && value.type === 'string' && !this.#isData(value)) this.call = name
        break
      case 'media':
        if (this.call === undefined && value.type === 'string' && !this.#isMedia(value)) this.call = name
        break
      case 'call':
        if (!value.isEmpty()) this.call ??= name
        break
      case 'manage':
        if (!value.isEmpty()) this.manage ??= name
        break
      default:
    }
  }

  #isData(value: FoundValue): boolean {
    if (value.begins('data:') || value.isEmpty()) return true
    return /^data:/i.test(this.#decoded(value))
  }

  #isMedia(value: FoundValue): boolean {
    if (value.isOf(BASE64_BYTES, SCHEME_CHARACTERS) || value.begins('data:')) return true
    const text = this.#decoded(value)
    return BASE64.test(text) || /^data:/i.test(text)
  }

  /** How a text begins; empty where too many were asked for. */
  #decoded(value: FoundValue): string {
    this.#escaped += 1
    return this.#escaped > MAX_ESCAPED ? '' : (value.beginning(SCHEME_CHARACTERS) ?? '')
  }

  #model(value: FoundValue, field: FieldName): void {
    if (value.isEmpty()) return
    const asked = value.text()
    if (asked === undefined) this.anyModel ??= field
    else if (this.otherModels.push({ asked, field }) > MAX_OTHER_MODELS) {
      throw new PunkuError('invalid_request', `The request names more than ${MAX_OTHER_MODELS} other models.`, {
        param: field,
      })
    }
  }
}

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}

function dutiesOf(dialect: DialectName): Duties {
  const rows = DIALECTS[dialect].fields
    .filter(({ duty }) => duty !== 'pass' && duty !== 'stay')
    .flatMap((field) => pathsOf(field).map((path) => ({ path, duty: field.duty })))
  return {
    tree: placesOf(rows.map(({ path }) => path)),
    duties: rows.map(({ duty }) => duty),
    names: rows.map(({ path }) => path.replace(/[+*]/g, '').replaceAll('/', '.')),
  }
}

const DUTIES = Object.fromEntries(DIALECT_NAMES.map((name) => [name, dutiesOf(name)])) as Record<DialectName, Duties>
