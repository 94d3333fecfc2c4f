import { queryOptions } from '@tanstack/react-query'
import { api } from '../api.ts'

/** More than this many at once no page shows; a gateway at home has a handful. */
const limit = 1_000

export const membersQuery = queryOptions({
  queryKey: ['members'],
  queryFn: async ({ signal }) => (await api('get', '/members', { query: { limit }, signal })).members,
})
export const invitationsQuery = queryOptions({
  queryKey: ['invitations'],
  queryFn: async ({ signal }) => (await api('get', '/invitations', { query: { limit }, signal })).invitations,
})
export const accountsQuery = queryOptions({
  queryKey: ['accounts'],
  queryFn: async ({ signal }) => (await api('get', '/accounts', { query: { limit }, signal })).accounts,
})
export const orgsQuery = queryOptions({
  queryKey: ['orgs'],
  queryFn: async ({ signal }) => (await api('get', '/orgs', { query: { limit }, signal })).orgs,
})
