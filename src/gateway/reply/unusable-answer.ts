import type { IncomingHttpHeaders } from 'node:http'
import { PunkuError } from '../../core/error.ts'
import { isPage } from '../../http/answer-type.ts'
import { deniedError } from './upstream-error.ts'

/** Why an upstream's answer is no answer to the caller: a refusal meant for the gateway, a redirect, a page; else `undefined`. */
export function unusableAnswer(status: number, headers: IncomingHttpHeaders): PunkuError | undefined {
  if (status === 401 || status === 403) {
    return deniedError(status, new Uint8Array())
  }
  if (status >= 300 && status < 400 && status !== 304) {
    return new PunkuError(
      'upstream_invalid',
      'The model server answered with a redirect, which is never followed. Its owner must give the gateway the final address.',
      { detail: { upstreamStatus: status } },
    )
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return new PunkuError(
      'upstream_invalid',
      'The model server compressed its answer although it was asked not to, and in a way that is not read here. Its owner must switch compression off there.',
    )
  }
  if (status < 300 && isPage(headers['content-type'])) {
    return new PunkuError(
      'upstream_invalid',
      'The model server answered with a web page, so it is not the model server. Its owner must check the upstream address.',
    )
  }
  return undefined
}
