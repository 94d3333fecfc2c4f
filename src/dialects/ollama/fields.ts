import { type BodyField, COMMON_FIELDS } from '../body-fields.ts'

/** The fields of Ollama's API that say more than what its model is asked. */
export const OLLAMA_FIELDS: readonly BodyField[] = [
  {
    fields: ['images', 'messages/images'],
    duty: 'media',
    why: 'Pictures come as base64; a URL or a `file:` would be read from the server’s own network or disk.',
  },
  {
    fields: ['keep_alive'],
    duty: 'stay',
    why: '0 unloads the model for everybody, -1 pins it. From a minute to an hour passes.',
  },
  ...COMMON_FIELDS,
  {
    fields: ['options'],
    duty: 'pass',
    why: 'How the model is run. Some load it anew (`num_ctx`, `num_gpu`): each of them may stand once.',
  },
  { fields: ['template', 'system', 'raw'], duty: 'pass', why: 'How this one prompt is written.' },
]
