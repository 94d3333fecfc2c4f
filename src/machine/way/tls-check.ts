import type { Check, HopFinding } from '../../diagnosis/walk.ts'
import { GatewayError } from '../../http-client/gateway-error.ts'
import { refusesPlain } from '../../http-client/tls-mismatch.ts'
import { hostOf } from './dns-check.ts'
import { localDay } from './local-day.ts'
import type { PeerCertificate } from './way-answer.ts'
import type { WayScene } from './way-scene.ts'

/** How a gateway of ours refuses plain HTTP. */
const OWN_REFUSAL = /Use https:\/\/, not http:\/\//

/** What is sent to the gateway cannot be read on the way, and goes to no other. */
export function tlsCheck(scene: WayScene): Check {
  return {
    hop: 'tls',
    title: 'Its certificate is trusted',
    look: async (signal) => {
      const { url } = scene
      const contact = await scene.contact(signal)
      if (contact instanceof GatewayError) return unanswered(contact, scene)
      const { status, certificate } = contact.answer
      if (url.protocol === 'http:') {
        if (refusesPlain(status, contact.text) || (status === 400 && OWN_REFUSAL.test(contact.text))) {
          return {
            state: 'broken',
            said: `What answers at ${url.host} speaks TLS, and its address begins with http://.`,
            advice: giveAnew(scene, `https://${url.host}${url.pathname.replace(/\/$/, '')}`),
          }
        }
        if (scene.isHere) return { state: 'ok', said: 'None is needed: the gateway is on this machine.' }
        return {
          state: 'warning',
          said: 'There is none: over http:// the key, prompts and answers can be read on the way.',
          advice:
            'Give the gateway a certificate (`tls.certFile`, or a proxy that has one), and use its https:// address.',
        }
      }
      if (certificate === undefined) return { state: 'skipped', said: 'It was not shown.' }
      if (certificate.fault !== undefined) return untrusted(certificate.fault, certificate, scene)
      const until = localDay(certificate.validToAt)
      return { state: 'ok', said: `It is trusted, was issued by ${certificate.issuer}, and ends on ${until}.` }
    },
  }
}

function unanswered({ message }: GatewayError, scene: WayScene): HopFinding {
  const { url } = scene
  if (/speaks no TLS/.test(message)) {
    return {
      state: 'broken',
      said: `What answers at ${url.host} speaks no TLS, and its address begins with https://.`,
      advice: `Check the port. Where the gateway has no certificate: ${giveAnew(scene, `http://${url.host}`)}`,
    }
  }
  if (/speaks TLS/.test(message)) {
    return {
      state: 'broken',
      said: `What answers at ${url.host} speaks TLS, and its address begins with http://, or it hung up.`,
      advice: giveAnew(scene, `https://${url.host}`),
    }
  }
  return { state: 'skipped', said: 'It was not shown: nothing answers, which the next step tells.' }
}

function untrusted(fault: string, certificate: PeerCertificate, scene: WayScene): HopFinding {
  const host = hostOf(scene.url)
  const { issuer, names, validFromAt, validToAt, isAlone } = certificate
  const trust = `Give this machine the authority's certificate: ${scene.trustCommand()}`
  switch (fault) {
    case 'CERT_HAS_EXPIRED':
      return {
        state: 'broken',
        said: `It ended on ${localDay(validToAt)}.`,
        advice: 'Renew it at the gateway (`tls.certFile`), or at the proxy before it; until then nothing can be asked.',
      }
    case 'CERT_NOT_YET_VALID':
      return {
        state: 'broken',
        said: `It begins on ${localDay(validFromAt)}, which is yet to come by this machine's clock.`,
        advice: 'Check the clock of this machine, and of the one on which the certificate was made.',
      }
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        state: 'broken',
        said: `It is for another name than ${host}: ${names}.`,
        advice: `Use a name that it holds for in the gateway's address, or have one made for ${host}.`,
      }
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return {
        state: 'broken',
        said: 'The gateway signed it itself, so nobody this machine trusts vouches for it.',
        advice: `If it is yours, give it to this machine: ${scene.trustCommand()}`,
      }
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return isAlone
        ? {
            state: 'broken',
            said: `It was issued by ${issuer}, whom this machine does not know, and the server sends no certificate of ${issuer} with it.`,
            advice: `Where ${issuer} is an intermediate, serve the full chain (in \`tls.certFile\` its certificate behind the gateway's own). Where it is an authority of your own: ${scene.trustCommand()}`,
          }
        : {
            state: 'broken',
            said: `It was issued by ${issuer}, and the authority behind that is none this machine trusts.`,
            advice: `Where it is your own, or that of a company network that reads all traffic: ${trust}`,
          }
    default:
      return { state: 'broken', said: `This machine does not trust it (${fault}).`, advice: trust }
  }
}

function giveAnew(scene: WayScene, url: string): string {
  return `Give the address anew: ${scene.readdressCommand(url)}`
}
