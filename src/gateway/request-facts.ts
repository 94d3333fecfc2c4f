import { PunkuError } from '../core/error.ts'
import type { Route } from '../dialects/dialect.ts'
import { canonicalModelName } from '../dialects/model-name.ts'
import { asksForWebSearch } from '../dialects/web-search.ts'
import { type ScannedObject, scanJsonObject } from '../http/json-scan.ts'
import { readFormModel } from '../http/multipart.ts'

/**
 * Top-level fields that decide what a key may do or what it costs. Each may stand once, in this spelling: servers
 * written in Go fold letter case and take the last of two, others take the first, so a second one is an attack.
 */
const GUARDED_FIELDS = [
  'model',
  'name',
  'source',
  'destination',
  'from',
  'stream',
  'tools',
  'options',
  'keep_alive',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
] as const

const GUARDED_OPTIONS = [
  'num_ctx',
  'num_predict',
  'num_gpu',
  'num_batch',
  'num_thread',
  'main_gpu',
  'use_mmap',
] as const

/** A model a request names. */
export interface NamedModel {
  /** As the caller spelled it. */
  readonly asked: string
  readonly canonical: string
  readonly isCloud: boolean
}

/** What policy needs to know of a request; nothing else of its body is read. */
export interface RequestFacts {
  /** Every model the request names; the first is the one it is about. */
  readonly models: readonly NamedModel[]
  readonly wantsStream: boolean
  /** It would make the model server search the web on its owner's account. */
  readonly asksForWebSearch: boolean
}

export interface RequestBody {
  readonly bytes: Buffer
  readonly contentType: string | undefined
}

/**
 * Reads the facts of a request. Throws `invalid_json`, `ambiguous_request` or `invalid_request` for a body that two
 * parsers could read differently or that lacks the model's name.
 */
export function readRequestFacts(
  route: Route,
  pathModel: string | undefined,
  body: RequestBody,
  maxDepth: number,
): RequestFacts {
  const { model: place } = route
  refuseForeignCharset(body.contentType)
  if (place.in === 'form') {
    return facts([named(readFormModel(body.bytes, body.contentType ?? '').model, 'model')], false, false)
  }
  if (place.in === 'path') return facts([named(pathModel, 'model')], false, false)
  if (body.bytes.length === 0) {
    if (place.in === 'body') throw missing(place.fields[0] ?? 'model')
    return facts([], route.stream?.isDefault ?? false, false)
  }
  const scanned = scanJsonObject(body.bytes, { guarded: GUARDED_FIELDS, maxDepth })
  const options = scanned.typeOf('options') === 'object' ? scanned.raw('options') : undefined
  if (options !== undefined) scanJsonObject(options, { guarded: GUARDED_OPTIONS, maxDepth })
  const models = 'fields' in place ? modelsOf(scanned, place.fields) : []
  if (place.in === 'body' && models.length === 0) throw missing(place.fields[0] ?? 'model')
  // A new model may stand in for the one it is made from, cloud and all.
  const from = route.path === '/api/create' ? scanned.string('from') : undefined
  if (from) models.push(named(from, 'from'))
  const tools = scanned.raw('tools')
  return facts(models, streamOf(scanned, route), tools !== undefined && asksForWebSearch(tools))
}

function facts(models: readonly NamedModel[], wantsStream: boolean, search: boolean): RequestFacts {
  return { models, wantsStream, asksForWebSearch: search }
}

function modelsOf(scanned: ScannedObject, fields: readonly string[]): NamedModel[] {
  const models: NamedModel[] = []
  for (const field of fields) {
    if (!scanned.has(field) || scanned.typeOf(field) === 'null') continue
    const text = scanned.string(field)
    // An empty `name` beside `model` is how older clients say "not given".
    if (text === '' && fields.length > 1) continue
    models.push(named(text, field))
  }
  const [first, second] = models
  if (first && second && first.canonical !== second.canonical && fields.includes('model')) {
    throw new PunkuError('ambiguous_request', 'The request names two different models. Name one.', { param: 'model' })
  }
  return models
}

/**
 * The body was checked as UTF-8. A server that read it in another character set would see other fields: `+ACI-` is a
 * quote in UTF-7, which common parsers still know.
 */
function refuseForeignCharset(contentType: string | undefined): void {
  if (contentType === undefined || !/charset/i.test(contentType.replace(/; *charset=(?:utf-?8|"utf-8") *(?=;|$)/i, '')))
    return
  throw new PunkuError(
    'unsupported_encoding',
    'The Content-Type names a character set other than UTF-8. Send the body in UTF-8, with charset=utf-8 or without any.',
  )
}

function streamOf(scanned: ScannedObject, route: Route): boolean {
  if (route.stream === undefined) return false
  return scanned.boolean('stream') ?? route.stream.isDefault
}

function named(text: string | undefined, field: string): NamedModel {
  if (text === undefined) throw missing(field)
  const name = canonicalModelName(text)
  if (name === undefined) {
    throw new PunkuError(
      'invalid_request',
      'The model name holds characters that no model name has, or is empty or too long. Ask /v1/models for the names.',
      { param: field },
    )
  }
  return { asked: text, canonical: name.canonical, isCloud: name.isCloud }
}

function missing(field: string): PunkuError {
  return new PunkuError('invalid_request', `The request must name its model as text in "${field}".`, { param: field })
}
