/** A model's name as policy sees it. */
export interface ModelName {
  /** The one spelling that stands for all spellings of this model. Grants, the catalogue and usage rows hold this form. */
  readonly canonical: string
  /** Whether the name itself asks Ollama to run the model in its cloud, on the host's account. */
  readonly isCloud: boolean
}

/** Longer than every name a server takes in practice; it bounds what one request can put in logs and rows. */
const MAX_NAME_BYTES = 512

const DEFAULT_HOST = 'registry.ollama.ai'
const DEFAULT_NAMESPACE = 'library'
const DEFAULT_TAG = 'latest'

const HOST = /^\w[\w.:-]{0,349}$/
const NAMESPACE = /^\w[\w-]{0,79}$/
const MODEL_OR_TAG = /^\w[\w.-]{0,79}$/

const VISIBLE_ASCII = /^[\x21-\x7e]+$/
/** Anything that is not seen as itself: controls, lone surrogates, unassigned, separators but the space, fillers. */
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Z}/u
/** Ollama trims around a name and after its last colon, other servers do not. */
const SPACE_AT_AN_EDGE = /^ | $| [:/]|[:/] /
const BEYOND_ASCII = /\P{ASCII}+/gu
const ASCII = /\p{ASCII}/u
/** What one UTF-16 unit takes in UTF-8 at most. */
const MAX_BYTES_A_UNIT = 3
const encoder = new TextEncoder()

/**
 * Reads a model name as Ollama does (its `types/model` and `internal/modelref`), so that every spelling of one model
 * has one canonical form; `undefined` where two parsers could read the name differently, which must be refused.
 *
 * - Letter case is dropped.
 * - In Ollama's grammar, `[[[scheme://]host/]namespace/]model[:tag]`, the scheme is dropped and the defaults are made
 *   alike: `registry.ollama.ai` and `library` are left out, `latest` is written. So `llama3` is `llama3:latest`,
 *   `Qwen/Qwen3-8B` is `qwen/qwen3-8b:latest` (a server that is no Ollama has the same names in this form), and
 *   `hf.co/org/m:Q4` is `hf.co/org/m:q4`. Its source `:local` is dropped.
 * - A name outside that grammar (`/models/x.gguf`, four segments, `@`) is one that only other servers take: it keeps
 *   its spelling, `:local` included, and gets no tag.
 * - `:cloud`, and `-cloud` at the end of a tag, set `isCloud` in and outside the grammar, as Ollama looks for them
 *   before it parses the rest. They are written `model:cloud` without a tag (or with `latest`), else `model:tag-cloud`.
 *
 * Refused: empty, over 512 bytes, controls and invisible characters, spaces at the ends or beside `:` or `/`, two
 * source suffixes, text that is not in Unicode's NFKC, and letters beyond ASCII with an ASCII form in another case
 * (`ſ`, `İ`, the Kelvin sign), which Go's case folding would read as that letter.
 *
 * The canonical form is its own canonical form.
 */
export function canonicalModelName(text: string): ModelName | undefined {
  const lower = foldCase(text)
  if (lower === undefined || SPACE_AT_AN_EDGE.test(lower)) return undefined

  const { base, source } = cutSource(lower)
  if (base === '' || base.endsWith(' ') || cutSource(base).source !== undefined) return undefined

  const isCloud = source === 'cloud'
  const ollamaBase = canonicalOllamaName(base)
  let canonical: string
  if (isCloud) canonical = withCloudSource(ollamaBase ?? base)
  else canonical = ollamaBase ?? lower
  return isTooLong(canonical) ? undefined : { canonical, isCloud }
}

/** By no means of Node's: the dashboard reads names too. */
function isTooLong(text: string): boolean {
  if (text.length * MAX_BYTES_A_UNIT <= MAX_NAME_BYTES) return false
  return encoder.encode(text).length > MAX_NAME_BYTES
}

/** The text in lower case; `undefined` when it may look or fold like another text. */
function foldCase(text: string): string | undefined {
  if (text.length > MAX_NAME_BYTES || text === '') return undefined
  if (VISIBLE_ASCII.test(text)) return text.toLowerCase()

  const lower = text.toLowerCase()
  for (const form of [text, lower]) {
    if (isTooLong(form) || INVISIBLE.test(form) || form.normalize('NFKC') !== form) {
      return undefined
    }
    for (const [letters] of form.matchAll(BEYOND_ASCII)) {
      if (ASCII.test(letters.toLowerCase()) || ASCII.test(letters.toUpperCase())) return undefined
    }
  }
  return lower.toLowerCase() === lower ? lower : undefined
}

function cutSource(lower: string): { readonly base: string; readonly source: 'cloud' | 'local' | undefined } {
  const colon = lower.lastIndexOf(':')
  if (colon >= 0) {
    const suffix = lower.slice(colon + 1)
    if (suffix === 'cloud' || suffix === 'local') return { base: lower.slice(0, colon), source: suffix }
    if (suffix.endsWith('-cloud') && !suffix.includes('/')) {
      return { base: lower.slice(0, -'-cloud'.length), source: 'cloud' }
    }
  }
  return { base: lower, source: undefined }
}

/** The shortest full form of a name in Ollama's grammar, `undefined` outside it. `name` is in lower case. */
function canonicalOllamaName(name: string): string | undefined {
  const tagColon = name.lastIndexOf(':')
  const hasTag = tagColon > name.lastIndexOf('/')
  const tag = hasTag ? name.slice(tagColon + 1) : DEFAULT_TAG
  const path = hasTag ? name.slice(0, tagColon) : name

  const modelSlash = path.lastIndexOf('/')
  const model = path.slice(modelSlash + 1)
  const namespaceSlash = modelSlash < 0 ? -1 : path.lastIndexOf('/', modelSlash - 1)
  const namespace = modelSlash < 0 ? DEFAULT_NAMESPACE : path.slice(namespaceSlash + 1, modelSlash)
  const host = namespaceSlash < 0 ? DEFAULT_HOST : hostOf(path.slice(0, namespaceSlash))

  const isInGrammar = MODEL_OR_TAG.test(tag) && MODEL_OR_TAG.test(model) && NAMESPACE.test(namespace) && HOST.test(host)
  if (!isInGrammar) return undefined
  if (host !== DEFAULT_HOST) return `${host}/${namespace}/${model}:${tag}`
  if (namespace !== DEFAULT_NAMESPACE) return `${namespace}/${model}:${tag}`
  return `${model}:${tag}`
}

/** The host without its scheme. Ollama takes any text as the scheme, and a scheme with no host as the default host. */
function hostOf(authority: string): string {
  const scheme = authority.indexOf('://')
  if (scheme < 0) return authority
  const host = authority.slice(scheme + '://'.length)
  return host === '' ? DEFAULT_HOST : host
}

function withCloudSource(base: string): string {
  const isTagged = base.lastIndexOf(':') > base.lastIndexOf('/')
  if (!isTagged) return `${base}:cloud`
  if (canonicalOllamaName(base) !== undefined && base.endsWith(`:${DEFAULT_TAG}`)) {
    return `${base.slice(0, -DEFAULT_TAG.length)}cloud`
  }
  return `${base}-cloud`
}
