import { MantineProvider } from '@mantine/core'
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { createRoot } from 'react-dom/client'
import { takeLinkToken } from './link-token.ts'
import { createQueryClient } from './queries.ts'
import { createDashboardRouter } from './routes.tsx'
import './styles.css'
import { cssVariables, theme } from './theme.ts'
import { createSignedInCheck } from './way-in.ts'

takeLinkToken()

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
// The name under which the library that locks scrolling behind a dialog looks for it.
Object.assign(globalThis, { __webpack_nonce__: nonce })

const queries: QueryClient = createQueryClient(() => checkSignedIn())
const router = createDashboardRouter(queries)
const checkSignedIn = createSignedInCheck(router, queries)

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no place for the dashboard.')
createRoot(root).render(
  <MantineProvider
    theme={theme}
    cssVariablesResolver={cssVariables}
    defaultColorScheme="auto"
    getStyleNonce={() => nonce}
    deduplicateInlineStyles
  >
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </MantineProvider>,
)
