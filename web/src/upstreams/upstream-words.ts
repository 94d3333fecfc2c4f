import type { UpstreamBody } from '../../../src/contract/upstreams.ts'
import type { Tone } from '../parts/state-pill.tsx'

/** The state of an upstream, as its pill has it. */
export const UPSTREAM_STATES: Readonly<Record<UpstreamBody['state'], { readonly tone: Tone; readonly words: string }>> =
  {
    up: { tone: 'good', words: 'Up' },
    down: { tone: 'bad', words: 'Down' },
    unprobed: { tone: 'idle', words: 'Not asked yet' },
  }

const KINDS: Readonly<Record<UpstreamBody['kind'], string>> = {
  ollama: 'Ollama’s API',
  openai: 'OpenAI’s API',
  anthropic: 'Anthropic’s API',
  unknown: 'not known yet',
}

const SOURCES: Readonly<Record<UpstreamBody['source'], string>> = {
  configuration: 'Configuration',
  added: 'Added here',
  tunnel: 'Tunnel',
}

/** Where an upstream comes from: who can change it. */
export function sourceWords({ source }: UpstreamBody): string {
  return SOURCES[source]
}

/** The model server, as in `ollama 0.12.3`; where it did not say, the API it speaks. */
export function serverWords({ server, version, kind }: UpstreamBody): string {
  if (server === null) return KINDS[kind]
  return version === null ? server : `${server} ${version}`
}

/** The API it speaks. */
export function kindWords({ kind }: UpstreamBody): string {
  return KINDS[kind]
}
