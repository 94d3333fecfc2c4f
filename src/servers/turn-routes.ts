import type { FormatName } from '../formats/format.ts'
import { ROUTES, routeLabel } from './route-table.ts'

/** In which a model writes. */
const WRITTEN: ReadonlySet<FormatName | undefined> = new Set([
  'ollama-chat',
  'ollama-generate',
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'anthropic-messages',
  'llama-completion',
])

/** The routes on which a model is asked to write, as rows name them. */
export const TURN_ROUTES: readonly string[] = [
  ...new Set(
    ROUTES.filter(({ class: kind, format }) => kind === 'inference' && WRITTEN.has(format)).map((route) =>
      routeLabel(route),
    ),
  ),
]
