/** Why a certificate is not trusted, and what to do, for people. */
export interface UntrustedFault {
  readonly said: string
  readonly advice: string
}

/**
 * What it means that this machine does not trust a certificate.
 * @param code OpenSSL's or Node's, as in `CERT_HAS_EXPIRED`
 * @param trustCommand what makes this machine trust another authority, as it is typed
 */
export function untrustedFault(code: string, hostname: string, trustCommand: string): UntrustedFault {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return {
        said: "The gateway's certificate has expired, or the clock of this machine runs ahead.",
        advice: 'Look at the clock: date. If it is right, renew the certificate at the gateway and start it again.',
      }
    case 'CERT_NOT_YET_VALID':
      return {
        said: "The gateway's certificate is not valid yet by the clock of this machine, which is most likely behind.",
        advice: 'Look at the clock, and set it: date; sudo timedatectl set-ntp true',
      }
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return {
        said: `The gateway's certificate is for other names than ${hostname}.`,
        advice: `Ask the gateway by a name of its certificate, or give it one that has ${hostname}.`,
      }
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_GET_ISSUER_CERT':
      return {
        said: `The chain of the gateway's certificate ends at an authority that this machine does not know (${code}).`,
        advice: `At the gateway, tls.certFile has to hold the certificate and all between it and its root. If the authority is your own, or a network of your company checks all traffic: ${trustCommand}`,
      }
    default:
      return {
        said: `This machine does not trust the gateway's certificate (${code}).`,
        advice: `If an authority of your own made it, give its file: ${trustCommand}`,
      }
  }
}
