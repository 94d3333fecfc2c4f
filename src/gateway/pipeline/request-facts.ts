import { PunkuError } from '../../core/error.ts'
import type { Route } from '../../dialects/dialect.ts'
import { canonicalModelName } from '../../dialects/model-name.ts'
import { isUsualStay } from '../../dialects/ollama/keep-alive.ts'
import { isSessionId } from '../../http/client-identity.ts'
import { type JsonSpan, type ScannedObject, scanJsonBeginning, scanJsonObject } from '../../http/json-scan.ts'
import { type FormModel, readFormModel } from '../../http/multipart.ts'
import { MISREAD_FIELDS, misreadFields } from '../../servers/known/model-servers.ts'
import { FieldFinds } from './field-duties.ts'

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
  'messages',
  'prompt',
  'input',
  'tools',
  'options',
  'keep_alive',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  // These decide nothing; the scan finds no others. Those of tools go where a tool is left out that they are about.
  'tool_choice',
  'parallel_tool_calls',
  'include',
  'prompt_cache_key',
] as const

/** With those that some server does not take to heart: whether they are there decides on which of its routes it is asked. */
const SCANNED_FIELDS: readonly string[] = [...new Set([...GUARDED_FIELDS, ...MISREAD_FIELDS])]

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
  /** The field that names it. */
  readonly field: string
  /** What that name stands for, as its server spells it: the canonical name is of this. `undefined`: for itself. */
  readonly meant?: string
  /** Where its name stands in the body; `undefined`: in no JSON. */
  readonly span?: JsonSpan | undefined
}

/** How long a request says that its model is to stay loaded, where that is not usual. */
export interface UnusualStay {
  /** Where it says so. */
  readonly span: JsonSpan
  /** It asks for nothing else. */
  readonly isAll: boolean
}

/** What policy needs to know of a request; nothing else of its body is read. */
export interface RequestFacts {
  /** The models the request is about; the first is the one that answers. */
  readonly models: readonly NamedModel[]
  /** Models that it names beside them. */
  readonly otherModels: readonly NamedModel[]
  readonly wantsStream: boolean
  /** What the body calls its conversation, where that is a plain id; `undefined`: nothing. */
  readonly conversation?: string | undefined
  /** The first field that reaches models whose names are not read; likewise one that makes the server call somebody, and one that changes it. */
  readonly anyModel: string | undefined
  readonly call: string | undefined
  readonly manage: string | undefined
  readonly stay: UnusualStay | undefined
  /** `undefined`: it has no tools. */
  readonly toolFields: ToolFields | undefined
  /** Of the fields that some server misreads on this route: those in which it says something. */
  readonly told: readonly string[]
}

/** Where a request's tools stand in its body, and what refers to them; `undefined`: it has no such field. */
export interface ToolFields {
  readonly tools: JsonSpan
  /** `tool_choice` */
  readonly choice: JsonSpan | undefined
  /** `parallel_tool_calls` */
  readonly parallel: JsonSpan | undefined
  readonly include: JsonSpan | undefined
}

const NOTHING_MORE = {
  otherModels: [],
  anyModel: undefined,
  call: undefined,
  manage: undefined,
  stay: undefined,
  toolFields: undefined,
  told: [],
} as const

export interface ReadRequest {
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
  body: ReadRequest,
  maxDepth: number,
): RequestFacts {
  const { model: place } = route
  refuseForeignCharset(body.contentType)
  if (place.in === 'form') return formFacts(route, readFormModel(body.bytes, body.contentType ?? ''), maxDepth)
  if (place.in === 'path') return facts([named(pathModel, 'model')])
  if (body.bytes.length === 0) {
    if (place.in === 'body') throw missing(place.fields[0] ?? 'model')
    return facts([], route.streams === 'default')
  }
  const finds = new FieldFinds(route.dialect)
  const scanned = scanJsonObject(body.bytes, { guarded: SCANNED_FIELDS, maxDepth, places: finds.places })
  const options = scanned.typeOf('options') === 'object' ? scanned.raw('options') : undefined
  if (options !== undefined) scanJsonObject(options, { guarded: GUARDED_OPTIONS, maxDepth })
  const models = 'fields' in place ? modelsOf(scanned, place.fields) : []
  if (place.in === 'body' && models.length === 0) throw missing(place.fields[0] ?? 'model')
  // A new model may stand in for the one it is made from, cloud and all.
  const from = route.path === '/api/create' ? scanned.string('from') : undefined
  if (from) models.push(named(from, 'from'))
  const conversation = scanned.string('prompt_cache_key')
  return {
    models,
    ...foundBy(finds),
    wantsStream: streamOf(scanned, route),
    stay: route.class === 'inference' ? stayOf(scanned) : undefined,
    toolFields: toolFieldsOf(scanned),
    told: misreadFields(route.path).filter((field) => (scanned.typeOf(field) ?? 'null') !== 'null'),
    conversation: conversation !== undefined && isSessionId(conversation) ? conversation : undefined,
  }
}

/**
 * The models that the beginning of a body names already: none where they come later, or cannot be told yet. Throws
 * `invalid_request` for what can be no model name.
 */
export function modelsInBeginning(route: Route, bytes: Buffer, maxDepth: number): readonly NamedModel[] {
  const { model: place } = route
  if (!('fields' in place)) return []
  const scanned = scanJsonBeginning(bytes, { guarded: place.fields, maxDepth })
  return place.fields
    .map((field) => [field, scanned.string(field)] as const)
    .flatMap(([field, text]) => (text === undefined || text === '' ? [] : [named(text, field)]))
}

function facts(models: readonly NamedModel[], wantsStream = false): RequestFacts {
  return { models, wantsStream, ...NOTHING_MORE }
}

/** A form has the fields of the top of a body, as texts. */
function formFacts(route: Route, { model, fields }: FormModel, maxDepth: number): RequestFacts {
  const finds = new FieldFinds(route.dialect)
  // `models[]` and `models[0]` are one item of `models`, to who reads lists from forms.
  const members = fields.map(([name, text]) => `${JSON.stringify(name.replace(/\[.*/s, ''))}:${JSON.stringify(text)}`)
  scanJsonObject(Buffer.from(`{${members.join()}}`), { guarded: [], maxDepth, places: finds.places })
  return { ...facts([named(model, 'model')]), ...foundBy(finds) }
}

function foundBy({ otherModels, anyModel, call, manage }: FieldFinds) {
  return { otherModels: otherModels.map(({ asked, field }) => named(asked, field)), anyModel, call, manage }
}

function toolFieldsOf(scanned: ScannedObject): ToolFields | undefined {
  const tools = scanned.span('tools')
  return (
    tools && {
      tools,
      choice: scanned.span('tool_choice'),
      parallel: scanned.span('parallel_tool_calls'),
      include: scanned.span('include'),
    }
  )
}

function stayOf(scanned: ScannedObject): UnusualStay | undefined {
  const raw = scanned.raw('keep_alive')
  const span = scanned.span('keep_alive')
  if (raw === undefined || span === undefined || isUsualStay(raw)) return undefined
  const isEmpty = ['messages', 'prompt', 'input'].every((field) =>
    /^(?:null|""|\[\s*\])?$/.test(sample(scanned, field)),
  )
  return { span, isAll: isEmpty }
}

/** The value of a field as it stands there, or as much of it as tells whether it is empty. */
function sample(scanned: ScannedObject, field: string): string {
  return scanned.raw(field)?.toString('latin1', 0, 64) ?? ''
}

function modelsOf(scanned: ScannedObject, fields: readonly string[]): NamedModel[] {
  const models: NamedModel[] = []
  for (const field of fields) {
    if (!scanned.has(field) || scanned.typeOf(field) === 'null') continue
    const text = scanned.string(field)
    // An empty `name` beside `model` is how older clients say "not given".
    if (text === '' && fields.length > 1) continue
    models.push({ ...named(text, field), span: scanned.span(field) })
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
  if (route.streams === undefined) return false
  return scanned.boolean('stream') ?? route.streams === 'default'
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
  return { asked: text, canonical: name.canonical, isCloud: name.isCloud, field }
}

function missing(field: string): PunkuError {
  return new PunkuError('invalid_request', `The request must name its model as text in "${field}".`, { param: field })
}
