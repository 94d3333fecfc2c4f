import { type BodyField, COMMON_FIELDS } from '../body-fields.ts'

/** Wherever pictures and documents can stand: in turns, in the answers of tools, in a document made of parts. */
const PARTS = ['messages/content+', 'messages/content+/source/content+', 'system']

/** The fields of Anthropic's API that say more than what its model is asked. */
export const ANTHROPIC_FIELDS: readonly BodyField[] = [
  {
    parts: PARTS,
    fields: ['source/url', 'image_url', 'image_url/url'],
    duty: 'address',
    why: 'The server fetches it: llama-server from its own network.',
  },
  ...COMMON_FIELDS,
  { parts: PARTS, fields: ['source/data'], duty: 'pass', why: 'The bytes themselves.' },
  { parts: PARTS, fields: ['source/file_id'], duty: 'pass', why: 'A random id, known to who was given it.' },
]
