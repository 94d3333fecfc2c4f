import { Link } from '@tanstack/react-router'
import { PLACES } from './places.ts'
import { may, useMe } from './queries.ts'

/** The pages. @param onChosen called when one is opened */
export function Navigation({ onChosen }: { readonly onChosen?: () => void }) {
  const me = useMe()
  return (
    <nav className="navigation" aria-label="Pages">
      {PLACES.map(({ title, places }) => (
        <div key={title} className="navigation-group">
          {title !== '' && <p className="navigation-title">{title}</p>}
          <ul>
            {places
              .filter(({ access }) => may(me, access))
              .map(({ to, name, icon: Icon }) => (
                <li key={to}>
                  <Link
                    to={to}
                    className="navigation-link"
                    activeOptions={{ exact: to === '/ui/', includeSearch: false }}
                    onClick={() => onChosen?.()}
                  >
                    <Icon size={18} stroke={1.6} aria-hidden />
                    {name}
                  </Link>
                </li>
              ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}
