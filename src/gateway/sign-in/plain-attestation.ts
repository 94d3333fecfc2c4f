import { decodeAttestationObject, isoBase64URL } from '@simplewebauthn/server/helpers'
import { APIError } from 'better-auth/api'
import { z } from 'zod'

const answer = z.object({ response: z.object({ attestationObject: z.base64url() }) })

/**
 * Refuses a new passkey that comes with certificates. None is asked for, so browsers send none, or a signature of the
 * passkey itself (WebAuthn Level 3 §5.1.3). The library would ask for lists of revoked ones wherever a certificate that
 * somebody made says, for as long as that answers.
 */
export function requirePlainAttestation(response: unknown): void {
  if (isPlain(response)) return
  throw new APIError('BAD_REQUEST', {
    code: 'ATTESTATION_NOT_TAKEN',
    message: 'The passkey came with certificates, or was not whole. Add it on the page of your account.',
  })
}

function isPlain(response: unknown): boolean {
  const { data } = answer.safeParse(response)
  if (data === undefined) return false
  try {
    const attestation = decodeAttestationObject(isoBase64URL.toBuffer(data.response.attestationObject))
    const format = attestation.get('fmt')
    return format === 'none' || (format === 'packed' && attestation.get('attStmt').get('x5c') === undefined)
  } catch {
    return false
  }
}
