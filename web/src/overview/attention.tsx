import { IconAlertTriangle, IconInfoCircle, IconShieldExclamation } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { AttentionBody } from '../../../src/contract/gateway.ts'
import { Prose } from '../parts/prose.tsx'
import { Time } from '../parts/time.tsx'

const MARKS = {
  danger: { icon: IconShieldExclamation, word: 'Danger' },
  warning: { icon: IconAlertTriangle, word: 'Warning' },
  info: { icon: IconInfoCircle, word: 'Note' },
} as const

/** Of troubles of the gateway itself none: they are put right on its machine. */
const PLACES = {
  upstream_exposed: { to: '/ui/upstreams', name: 'To the upstreams' },
  upstream_down: { to: '/ui/upstreams', name: 'To the upstreams' },
  agent_away: { to: '/ui/tunnels', name: 'To the tunnels' },
  key_expiring: { to: '/ui/keys', name: 'To the keys' },
  no_upstream: { to: '/ui/tunnels', name: 'Connect models' },
  no_key: { to: '/ui/keys', name: 'Make a key' },
} as const

/** What somebody should look at, the gravest first, each with the place where it is put right, if there is one here. */
export function Attention({ items }: { readonly items: readonly AttentionBody[] }) {
  if (items.length === 0) return null
  const rank = { danger: 0, warning: 1, info: 2 }
  return (
    <section aria-label="What needs attention">
      <ul className="attention">
        {items
          .toSorted((one, other) => rank[one.severity] - rank[other.severity])
          .map(({ kind, severity, text, targetId, since }) => {
            const { icon: Icon, word } = MARKS[severity]
            const place = kind in PLACES ? PLACES[kind as keyof typeof PLACES] : undefined
            return (
              <li key={`${kind} ${targetId}`} data-severity={severity}>
                <Icon size={20} aria-hidden />
                <span className="only-read">{word}: </span>
                <p>
                  <Prose text={text} />
                  {since !== null && (
                    <span className="dimmed">
                      {' '}
                      Since <Time at={since} />.
                    </span>
                  )}
                </p>
                {place !== undefined && <Link to={place.to}>{place.name}</Link>}
              </li>
            )
          })}
      </ul>
    </section>
  )
}
