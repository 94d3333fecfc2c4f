import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from '@tanstack/react-router'
import { FailedPage, NotFoundPage, WaitingPage } from './parts/whole-page.tsx'
import { needPerson } from './way-in.ts'

interface Surroundings {
  readonly queries: QueryClient
}

/** What stands in the address after `?`; undefined: it is to be left out. */
type SearchTexts = Readonly<Record<string, string | undefined>>

const root = createRootRouteWithContext<Surroundings>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: FailedPage,
  validateSearch: (search: SearchTexts): SearchTexts => search,
})

/** Everything that needs a person. Who is not signed in is sent to sign in, and comes back. */
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: lazyRouteComponent(() => import('./shell.tsx'), 'Shell'),
  staticData: { needsPerson: true },
  beforeLoad: ({ context, location }) => needPerson(context.queries, location.href),
})

/** What stands on a page of its own, signed in or not. */
const entry = createRoute({
  getParentRoute: () => root,
  id: 'entry',
  component: lazyRouteComponent(() => import('./entry-frame.tsx'), 'EntryFrame'),
})

/** As `entry`, for whoever is signed in. */
const signedIn = createRoute({
  getParentRoute: () => entry,
  id: 'signed-in',
  staticData: { needsPerson: true },
  beforeLoad: ({ context, location }) => needPerson(context.queries, location.href),
})

const inShell = <const Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => shell, path, component })
const inEntry = <const Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => entry, path, component })
const inSignedIn = <const Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => signedIn, path, component })

const tree = root.addChildren([
  shell.addChildren([
    inShell(
      '/ui/',
      lazyRouteComponent(() => import('./pages/overview.tsx'), 'Overview'),
    ),
    inShell(
      '/ui/models',
      lazyRouteComponent(() => import('./pages/models.tsx'), 'Models'),
    ),
    inShell(
      '/ui/upstreams',
      lazyRouteComponent(() => import('./pages/upstreams.tsx'), 'Upstreams'),
    ),
    inShell(
      '/ui/tunnels',
      lazyRouteComponent(() => import('./pages/tunnels.tsx'), 'Tunnels'),
    ),
    inShell(
      '/ui/keys',
      lazyRouteComponent(() => import('./pages/keys.tsx'), 'Keys'),
    ),
    inShell(
      '/ui/requests',
      lazyRouteComponent(() => import('./pages/requests.tsx'), 'Requests'),
    ),
    inShell(
      '/ui/requests/$request',
      lazyRouteComponent(() => import('./pages/request.tsx'), 'Request'),
    ),
    inShell(
      '/ui/sessions',
      lazyRouteComponent(() => import('./pages/sessions.tsx'), 'Sessions'),
    ),
    inShell(
      '/ui/sessions/$session',
      lazyRouteComponent(() => import('./pages/session.tsx'), 'Session'),
    ),
    inShell(
      '/ui/usage',
      lazyRouteComponent(() => import('./pages/usage.tsx'), 'Usage'),
    ),
    inShell(
      '/ui/playground',
      lazyRouteComponent(() => import('./pages/playground.tsx'), 'Playground'),
    ),
    inShell(
      '/ui/people',
      lazyRouteComponent(() => import('./pages/people.tsx'), 'People'),
    ),
    inShell(
      '/ui/audit',
      lazyRouteComponent(() => import('./pages/audit.tsx'), 'Audit'),
    ),
    inShell(
      '/ui/settings',
      lazyRouteComponent(() => import('./pages/settings.tsx'), 'Settings'),
    ),
    inShell(
      '/ui/account',
      lazyRouteComponent(() => import('./pages/account.tsx'), 'Account'),
    ),
  ]),
  entry.addChildren([
    inEntry(
      '/ui/sign-in',
      lazyRouteComponent(() => import('./pages/sign-in.tsx'), 'SignIn'),
    ),
    inEntry(
      '/ui/setup',
      lazyRouteComponent(() => import('./pages/setup.tsx'), 'Setup'),
    ),
    inEntry(
      '/ui/invitation',
      lazyRouteComponent(() => import('./pages/invitation.tsx'), 'Invitation'),
    ),
    inEntry(
      '/ui/reset',
      lazyRouteComponent(() => import('./pages/reset.tsx'), 'Reset'),
    ),
    signedIn.addChildren([
      inSignedIn(
        '/ui/device',
        lazyRouteComponent(() => import('./pages/device.tsx'), 'Device'),
      ),
      inSignedIn(
        '/connect',
        lazyRouteComponent(() => import('./pages/connect.tsx'), 'Connect'),
      ),
    ]),
  ]),
])

/** The dashboard's pages. Each is loaded when it is first opened. */
export function createDashboardRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: 'intent',
    // Fresh enough or not is the queries' to say.
    defaultPreloadStaleTime: 0,
    defaultPendingComponent: WaitingPage,
    defaultPendingMs: 200,
    scrollRestoration: true,
    trailingSlash: 'preserve',
    // A search value is the text that stands in the address: `?code=123` is no number.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '')
      const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
      return text === '' ? '' : `?${text}`
    },
  })
}

type DashboardRouter = ReturnType<typeof createDashboardRouter>

declare module '@tanstack/react-router' {
  interface Register {
    router: DashboardRouter
  }
  interface StaticDataRouteOption {
    /** Whether the page is nobody's who is not signed in. Default: false. */
    readonly needsPerson?: boolean
  }
}
