/**
 * What becomes of a field of a request's body that can do more than say what its model is asked.
 * - `model`: it names a model, which is held against the key as the one in `model` is.
 * - `address`: text that the server reads from wherever it points. Only a `data:` URL passes without `--fetch`.
 * - `media`: the same, where it may also be the bytes themselves in base64.
 * - `call`: it makes the server call another one: denied without `--fetch`.
 * - `manage`: denied without the route class `manage`.
 * - `stay`: how long the model stays loaded. Without `manage`, what is too short or too long is left out.
 * - `pass`: it passes as it is.
 */
export type FieldDuty = 'model' | 'address' | 'media' | 'call' | 'manage' | 'stay' | 'pass'

/** Fields of a body that share a duty and its reason. */
export interface BodyField {
  /** Where they stand, as `placesOf` reads paths. Absent: at the top. */
  readonly parts?: readonly string[]
  /** Each a path from there. */
  readonly fields: readonly string[]
  readonly duty: FieldDuty
  /** For `docs/api.md`. */
  readonly why: string
}

/** Every path of fields that share a duty, from the top down. */
export function pathsOf({ parts, fields }: BodyField): readonly string[] {
  return parts === undefined ? fields : parts.flatMap((part) => fields.map((field) => `${part}/${field}`))
}

/** What servers take on any API they speak: several pass on what they do not know of one to their own. */
export const COMMON_FIELDS: readonly BodyField[] = [
  {
    fields: ['draft_model', 'speculative.model', 'speculative/model', 'models', 'fallbacks', 'tools+/model'],
    duty: 'model',
    why: 'A second model, which runs beside the one in `model` or in its place.',
  },
  {
    fields: ['mcp_servers', 'tools+/server_url', 'tools+/connector_id', 'integrations/server_url'],
    duty: 'call',
    why: 'The server calls the MCP server that is named, from its own network.',
  },
  {
    fields: ['kv_transfer_params/remote_host', 'vllm_xargs/kv_transfer_params/remote_host'],
    duty: 'call',
    why: 'vLLM connects to that host.',
  },
  { fields: ['bootstrap_host'], duty: 'call', why: 'SGLang connects to that host.' },
  {
    fields: ['api_base', 'base_url'],
    duty: 'call',
    why: 'LiteLLM asks that server in place of the one its owner chose, and may bring the owner’s key.',
  },
  {
    fields: ['kv_transfer_params', 'vllm_xargs'],
    duty: 'manage',
    why: 'They reach the caches of other requests, and plugins of the server.',
  },
  { fields: ['integrations'], duty: 'manage', why: 'They run plugins that are installed beside the server.' },
  {
    fields: ['lora*', 'adapter*'],
    duty: 'manage',
    why: 'Adapters, by numbers and paths of the server: another model under the name of the one that is allowed.',
  },
  {
    fields: [
      ...['logits_processors', 'custom_logit_processor', 'prompt_embeds'],
      ...['mm_processor_kwargs', 'media_io_kwargs'],
    ],
    duty: 'manage',
    why: 'They name code that the server loads, or reach into how it reads what it is sent.',
  },
  {
    fields: ['chat_template', 'chat_template_kwargs/chat_template', 'chat_template_kwargs/tokenize'],
    duty: 'manage',
    why: 'A program that the server runs on its own processor, in place of the one its owner chose.',
  },
  { fields: ['ttl'], duty: 'manage', why: 'How long LM Studio keeps a model loaded, for everybody.' },
]
