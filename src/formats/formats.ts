import { anthropicCount, anthropicMessages } from './families/anthropic.ts'
import { llamaCompletion } from './families/llama.ts'
import { ollamaChat, ollamaEmbed, ollamaGenerate, ollamaProgress } from './families/ollama.ts'
import {
  openaiChat,
  openaiCompletions,
  openaiEmbeddings,
  openaiOther,
  openaiTranscription,
} from './families/openai-chat.ts'
import { openaiResponses } from './families/openai-responses.ts'
import type { FormatName, WireFormat } from './format.ts'

/** Every wire format by its name. */
export const FORMATS: Readonly<Record<FormatName, WireFormat>> = {
  'ollama-chat': ollamaChat,
  'ollama-generate': ollamaGenerate,
  'ollama-embed': ollamaEmbed,
  'ollama-progress': ollamaProgress,
  'openai-chat': openaiChat,
  'openai-completions': openaiCompletions,
  'openai-transcription': openaiTranscription,
  'openai-responses': openaiResponses,
  'openai-embeddings': openaiEmbeddings,
  'openai-other': openaiOther,
  'anthropic-messages': anthropicMessages,
  'anthropic-count': anthropicCount,
  'llama-completion': llamaCompletion,
}
