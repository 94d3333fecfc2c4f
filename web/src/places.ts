import {
  IconActivity,
  IconBox,
  IconChartBar,
  IconDoor,
  IconHistory,
  IconKey,
  IconMessage,
  IconRouteAltLeft,
  IconServer,
  IconSettings,
  IconTerminal2,
  IconUsers,
} from '@tabler/icons-react'

/** A page of the navigation. */
export interface Place {
  readonly to: string
  readonly name: string
  readonly icon: typeof IconDoor
  /** Pressed after `g`, it opens the page. */
  readonly letter: string
  /** Who finds it in the navigation. */
  readonly access: 'member' | 'admin'
}

/** The pages of the navigation, in groups. */
export const PLACES: readonly { readonly title: string; readonly places: readonly Place[] }[] = [
  {
    title: '',
    places: [{ to: '/ui/', name: 'Overview', icon: IconDoor, letter: 'o', access: 'member' }],
  },
  {
    title: 'Models',
    places: [
      { to: '/ui/models', name: 'Models', icon: IconBox, letter: 'm', access: 'member' },
      { to: '/ui/upstreams', name: 'Upstreams', icon: IconServer, letter: 's', access: 'member' },
      { to: '/ui/tunnels', name: 'Tunnels', icon: IconRouteAltLeft, letter: 't', access: 'member' },
      { to: '/ui/playground', name: 'Playground', icon: IconMessage, letter: 'p', access: 'member' },
    ],
  },
  {
    title: 'Use',
    places: [
      { to: '/ui/keys', name: 'Keys', icon: IconKey, letter: 'k', access: 'member' },
      { to: '/ui/requests', name: 'Requests', icon: IconActivity, letter: 'r', access: 'member' },
      { to: '/ui/sessions', name: 'Sessions', icon: IconTerminal2, letter: 'n', access: 'member' },
      { to: '/ui/usage', name: 'Usage', icon: IconChartBar, letter: 'u', access: 'member' },
    ],
  },
  {
    title: 'Org',
    places: [
      { to: '/ui/people', name: 'People', icon: IconUsers, letter: 'w', access: 'member' },
      { to: '/ui/audit', name: 'Audit', icon: IconHistory, letter: 'a', access: 'admin' },
      { to: '/ui/settings', name: 'Settings', icon: IconSettings, letter: 'e', access: 'member' },
    ],
  },
]
