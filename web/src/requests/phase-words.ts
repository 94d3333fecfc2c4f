import type { LiveRequestBody } from '../../../src/contract/requests.ts'

/** What a running request does, for people. */
export const PHASE_WORDS: Readonly<Record<LiveRequestBody['phase'], string>> = {
  arriving: 'Arriving',
  waiting: 'Waiting for the model',
  answering: 'Answering',
}
