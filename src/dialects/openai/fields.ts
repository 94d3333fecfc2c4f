import { type BodyField, COMMON_FIELDS } from '../body-fields.ts'

/** Wherever pictures, sounds and files can stand beside text: chats, Responses, and vLLM's scores of them. */
const PARTS = [
  'messages/content+',
  'input',
  'input/content+',
  'input/output+',
  ...['query', 'queries', 'documents', 'text_1', 'text_2', 'data_1', 'data_2'].map((field) => `${field}/content+`),
]

const ADDRESSES = ['image_url', 'video_url', 'audio_url', 'file_url']

/** The fields of OpenAI's API that say more than what its model is asked. */
export const OPENAI_FIELDS: readonly BodyField[] = [
  {
    parts: PARTS,
    fields: [...ADDRESSES, ...ADDRESSES.map((field) => `${field}/url`)],
    duty: 'address',
    why: 'The server fetches it from its own network, some a file from its disk.',
  },
  {
    parts: PARTS,
    fields: [
      ...['input_audio/data', 'input_audio/url', 'input_video/data', 'input_video/url'],
      ...['image', 'video', 'audio', 'image/url', 'video/url', 'audio/url', 'file/file_url', 'file/url'],
    ],
    duty: 'media',
    why: 'Pictures, sounds and films come as base64; some servers take an address in its place.',
  },
  {
    parts: PARTS,
    fields: ['image_embeds', 'audio_embeds', 'video_embeds'],
    duty: 'manage',
    why: 'Tensors as a file, which vLLM unpacks as its own.',
  },
  ...COMMON_FIELDS,
  {
    fields: ['chat_template_kwargs'],
    duty: 'pass',
    why: 'Switches of the owner’s own template, such as `enable_thinking`.',
  },
  {
    fields: ['previous_response_id', 'conversation'],
    duty: 'pass',
    why: 'Random ids, known to who was given them. The routes that read by them are `never`.',
  },
  { parts: PARTS, fields: ['file_id'], duty: 'pass', why: 'Likewise.' },
]
