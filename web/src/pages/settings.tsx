import { Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import { ruleSentences } from '../keys/key-words.ts'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { may, useMe, useSettings } from '../queries.ts'
import { About } from '../settings/about.tsx'
import { MemberRulesForm } from '../settings/member-rules.tsx'
import { OrgName } from '../settings/org-name.tsx'
import { PricesForm, PricesTable } from '../settings/prices.tsx'
import '../settings/settings.css'

/** The page `/ui/settings`: the org's name, prices and rules; its owners change them, all others may look. */
export function Settings() {
  const me = useMe()
  const settings = useSettings()
  const isOwner = may(me, 'owner')
  const { data } = settings
  return (
    <Page
      title="Settings"
      description={
        isOwner ? `Of ${me.org?.name ?? 'this org'}.` : `Of ${me.org?.name ?? 'this org'}. Only its owners change them.`
      }
    >
      <Problem error={settings.error} onRetry={() => void settings.refetch()} />
      {isOwner && (
        <Section title="Name" words="What people call the org, here and in invitations.">
          <OrgName key={me.org?.id} />
        </Section>
      )}
      {settings.error === null && (
        <>
          <Section
            title="Prices"
            words="Per million tokens, so that usage can be told as money. The first that matches a model counts. Nobody is billed."
          >
            {data === undefined ? (
              <Skeleton height={96} />
            ) : isOwner ? (
              <PricesForm settings={data} />
            ) : (
              <PricesTable settings={data} />
            )}
          </Section>
          <Section
            title="Keys of members"
            words="What members may give the keys they make for themselves. Admins and owners are not held to it."
          >
            {data === undefined ? (
              <Skeleton height={96} />
            ) : isOwner ? (
              <MemberRulesForm settings={data} />
            ) : (
              <ul className="settings-rules">
                {ruleSentences(data, 'Each member').map((sentence) => (
                  <li key={sentence}>{sentence}</li>
                ))}
              </ul>
            )}
          </Section>
        </>
      )}
      <Section title="About" words="The gateway itself.">
        <About />
      </Section>
    </Page>
  )
}

function Section(props: { readonly title: string; readonly words: string; readonly children: ReactNode }) {
  const { title, words, children } = props
  return (
    <section className="settings-section" aria-label={title}>
      <div>
        <h2 className="settings-title">{title}</h2>
        <p className="settings-words">{words}</p>
      </div>
      <div className="settings-body">{children}</div>
    </section>
  )
}
