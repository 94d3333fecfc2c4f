import { hash } from 'node:crypto'
import { asCount, asObject, asText, type JsonObject } from '../../formats/json-facts.ts'
import { createdAt, type ListedModel, oneContextLength } from '../listed-model.ts'

/** The version of the API that is spoken here, for clients that ask before they call what came with it. */
const API_VERSION = '0.33.0'

/** Go's zero time, as Ollama itself writes one that it does not know: its command line stops at an empty text. */
const NO_TIME = '0001-01-01T00:00:00Z'
/** Ollama's own way to say that a model stays: so far off that its command line shows `Forever`. */
const NO_END = '2300-01-01T00:00:00Z'

/** The architecture under whose name clients look for the context, where none is known. */
const ARCHITECTURE = 'unknown'

/**
 * What a model can do of whose server nothing is told: clients leave out models without `tools`, and no tools reach them
 * then, while a server that has none refuses them by itself.
 */
const ASSUMED_CAPABILITIES = ['completion', 'tools']

/** Models as `/api/tags` lists them: Ollama's own entries, unchanged, and in the same shape those of other servers. */
export function ollamaList(models: readonly ListedModel[]): object {
  return { models: models.map((model) => (model.server === 'ollama' ? model.entry : listedEntry(model))) }
}

/** Loaded models as `/api/ps` lists them, likewise. Other servers tell no end, and nothing of what lies on a card. */
export function ollamaLoaded(models: readonly ListedModel[]): object {
  return { models: models.map((model) => (model.server === 'ollama' ? model.entry : loadedEntry(model))) }
}

/** The answer to `/api/version`. @param version what an Ollama said of itself; default: that of the API spoken here */
export function ollamaVersion(version = API_VERSION): object {
  return { version }
}

/** A model of another server as `/api/show` shows it. Its template and licence are not known, nor its architecture. */
export function ollamaShow(model: ListedModel): object {
  const { id, contextLength, entry } = model
  const context = oneContextLength(model)
  const parameterCount = parameterCountOf(entry)
  return {
    modelfile: '',
    parameters: contextLength === undefined ? '' : `${'num_ctx'.padEnd(30)} ${contextLength}`,
    template: '',
    details: detailsOf(model),
    model_info: {
      'general.architecture': ARCHITECTURE,
      // Some clients show it as the model's name.
      'general.basename': id,
      ...(parameterCount !== undefined && { 'general.parameter_count': parameterCount }),
      ...(context !== undefined && { [`${ARCHITECTURE}.context_length`]: context }),
    },
    capabilities: shownCapabilities(model.capabilities),
    modified_at: modifiedAt(entry),
  }
}

function listedEntry(model: ListedModel): object {
  const context = oneContextLength(model)
  const details = detailsOf(model)
  return {
    ...namedEntry(model),
    modified_at: modifiedAt(model.entry),
    details: context === undefined ? details : { ...details, context_length: context },
    ...(model.capabilities && { capabilities: model.capabilities }),
  }
}

function loadedEntry(model: ListedModel): object {
  return {
    ...namedEntry(model),
    details: detailsOf(model),
    expires_at: NO_END,
    size_vram: 0,
    ...(model.contextLength !== undefined && { context_length: model.contextLength }),
  }
}

function namedEntry({ id, sizeBytes = 0 }: ListedModel) {
  // Of the name, as nobody knows one of the weights: clients tell models apart by it, and cut it without a look.
  return { name: id, model: id, size: sizeBytes, digest: hash('sha256', id) }
}

function detailsOf({ server, entry }: ListedModel): object {
  const parameterCount = parameterCountOf(entry)
  return {
    parent_model: '',
    format: server === 'llama-server' ? 'gguf' : '',
    family: '',
    families: [],
    parameter_size: parameterCount === undefined ? '' : shortCount(parameterCount),
    quantization_level: quantizationOf(entry),
  }
}

/** What is known, and that it writes, as all do that do not embed. */
function shownCapabilities(known: readonly string[] | undefined): readonly string[] {
  if (known === undefined) return ASSUMED_CAPABILITIES
  return known.includes('completion') || known.includes('embedding') ? known : ['completion', ...known]
}

function modifiedAt(entry: JsonObject): string {
  const ms = createdAt(entry)
  return ms === undefined ? NO_TIME : new Date(ms).toISOString()
}

function parameterCountOf(entry: JsonObject): number | undefined {
  return asCount(asObject(entry['meta'])?.['n_params'])
}

/** `3.2B`, `134.52M`, `8B`. */
function shortCount(count: number): string {
  if (count >= 1e9) return `${inUnits(count / 1e9, 1)}B`
  if (count >= 1e6) return `${inUnits(count / 1e6, 2)}M`
  return count >= 1e3 ? `${Math.floor(count / 1e3)}K` : `${count}`
}

function inUnits(number: number, digits: number): string {
  return Number.isInteger(number) ? `${number}` : number.toFixed(digits)
}

const FILE_TYPE = /^(?:all |mostly )?([A-Z]{1,4}\d{1,2}[A-Z0-9_]{0,12})(?: - (Small|Medium|Large))?$/

/** `Q4_K_M` of llama-server's `Q4_K - Medium`. */
function quantizationOf(entry: JsonObject): string {
  const [, type = '', size = ''] = FILE_TYPE.exec(asText(asObject(entry['meta'])?.['ftype']) ?? '') ?? []
  return size === '' ? type : `${type}_${size.charAt(0)}`
}
