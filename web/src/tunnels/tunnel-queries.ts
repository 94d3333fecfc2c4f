import { useQuery } from '@tanstack/react-query'
import type { TunnelBody } from '../../../src/contract/tunnels.ts'
import { api } from '../api.ts'
import { type PagedRows, usePages } from '../parts/use-pages.ts'

/** The tunnels of the org that live, or those that have ended; newest first. @param isAsked false: nothing is read */
export function useTunnelList({ revoked }: { readonly revoked: boolean }, isAsked = true): PagedRows<TunnelBody> {
  return usePages({
    queryKey: ['tunnels', 'list', { revoked }],
    async read(page, signal) {
      const { tunnels, next } = await api('listTunnels', { query: { ...page, revoked }, signal })
      return { rows: tunnels, next }
    },
    isAsked,
  })
}

/** A tunnel as it is now. @param id undefined: there is none yet */
export function useTunnel(id: string | undefined): TunnelBody | undefined {
  const { data } = useQuery({
    queryKey: ['tunnels', 'one', id],
    queryFn: ({ signal }) => api('showTunnel', { params: { tunnel: id ?? '' }, signal }),
    enabled: id !== undefined,
  })
  return data
}
