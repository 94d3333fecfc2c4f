import '../account/account.css'
import { IssuersSection } from '../account/issuers-section.tsx'
import { PasskeysSection } from '../account/passkeys-section.tsx'
import { PasswordSection } from '../account/password-section.tsx'
import { SessionsSection } from '../account/sessions-section.tsx'
import { TwoFactorSection } from '../account/two-factor-section.tsx'
import { Empty } from '../parts/empty.tsx'
import { Page } from '../parts/page.tsx'
import { useEntrance, useMe } from '../queries.ts'

/** The page `/ui/account`: how whoever is signed in comes in, and from where. */
export function Account() {
  const { person, hasPassword } = useMe()
  const { data: entrance } = useEntrance()
  if (person === null) {
    return (
      <Page title="Your account">
        <Empty title="Whoever sits at this machine has no account">
          <code>punku login</code> or the sign-in page give you one’s rights elsewhere.
        </Empty>
      </Page>
    )
  }
  return (
    <Page title="Your account" description={`${person.name}, ${person.email}`}>
      <SessionsSection />
      {hasPassword && entrance?.hasPassword === true && <PasswordSection />}
      {hasPassword && <TwoFactorSection />}
      {entrance?.hasPasskeys === true && <PasskeysSection />}
      {entrance !== undefined && entrance.issuers.length > 0 && <IssuersSection issuers={entrance.issuers} />}
    </Page>
  )
}
