import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { endTwoFactor, renewRecoveryCodes, startTwoFactor, type TwoFactorStart } from '../auth.ts'
import { Section } from '../parts/section.tsx'
import { StatePill } from '../parts/state-pill.tsx'
import { useMe } from '../queries.ts'
import { AskPassword } from './ask-password.tsx'
import { RecoveryCodes } from './recovery-codes.tsx'
import { TwoFactorSetup } from './two-factor-setup.tsx'

/** Which dialog stands open. */
type Step =
  | { readonly at: 'closed' | 'turn-on' | 'turn-off' | 'renew' }
  | { readonly at: 'scan'; readonly start: TwoFactorStart }
  | { readonly at: 'codes'; readonly codes: readonly string[] }

const CLOSED: Step = { at: 'closed' }

/** Codes of an authenticator app, asked for after the password. */
export function TwoFactorSection() {
  const { hasTwoFactor } = useMe()
  const queries = useQueryClient()
  const [step, setStep] = useState<Step>(CLOSED)
  const close = () => setStep(CLOSED)
  const renewMe = () => queries.invalidateQueries({ queryKey: ['me'] })
  return (
    <Section
      title="Codes of an app"
      description="A second step after your password: six digits of an authenticator app, or a recovery code."
      actions={
        <>
          <StatePill tone={hasTwoFactor ? 'good' : 'idle'}>{hasTwoFactor ? 'On' : 'Off'}</StatePill>
          {hasTwoFactor ? (
            <>
              <Button variant="default" size="sm" onClick={() => setStep({ at: 'renew' })}>
                New recovery codes
              </Button>
              <Button variant="default" size="sm" onClick={() => setStep({ at: 'turn-off' })}>
                Turn off
              </Button>
            </>
          ) : (
            <Button variant="default" size="sm" onClick={() => setStep({ at: 'turn-on' })}>
              Turn on
            </Button>
          )}
        </>
      }
    >
      {step.at === 'turn-on' && (
        <AskPassword
          title="Turn codes on"
          action="Go on"
          onClose={close}
          onPassword={async (password) => setStep({ at: 'scan', start: await startTwoFactor(password) })}
        >
          You need an authenticator app on your phone, or a password manager that makes codes.
        </AskPassword>
      )}
      {step.at === 'scan' && (
        <TwoFactorSetup
          uri={step.start.totpURI}
          onClose={close}
          onDone={async () => {
            setStep({ at: 'codes', codes: step.start.backupCodes })
            await renewMe()
          }}
        />
      )}
      {step.at === 'codes' && <RecoveryCodes codes={step.codes} onClose={close} />}
      {step.at === 'renew' && (
        <AskPassword
          title="New recovery codes"
          action="Make new ones"
          onClose={close}
          onPassword={async (password) => setStep({ at: 'codes', codes: await renewRecoveryCodes(password) })}
        >
          The codes you have are worth nothing then.
        </AskPassword>
      )}
      {step.at === 'turn-off' && (
        <AskPassword
          title="Turn codes off"
          action="Turn off"
          onClose={close}
          onPassword={async (password) => {
            await endTwoFactor(password)
            close()
            await renewMe()
          }}
        >
          Your password alone signs you in then.
        </AskPassword>
      )}
    </Section>
  )
}
