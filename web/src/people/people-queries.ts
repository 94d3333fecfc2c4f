import { useQuery } from '@tanstack/react-query'
import type { AccountBody, InvitationBody, MemberBody, OrgBody } from '../../../src/contract/people.ts'
import { api } from '../api.ts'
import { type PagedRows, usePages } from '../parts/use-pages.ts'

const OFFERS = 20

/** The members of the org, by name. @param q a part of their name or address; empty: all */
export function useMembers(q: string): PagedRows<MemberBody> {
  return usePages({
    queryKey: ['members', 'list', q],
    async read(page, signal) {
      const { members, next } = await api('listMembers', { query: { ...page, ...soughtBy(q) }, signal })
      return { rows: members, next }
    },
  })
}

/** Who was asked to join the org, newest first. */
export function useInvitations(): PagedRows<InvitationBody> {
  return usePages({
    queryKey: ['invitations'],
    async read(page, signal) {
      const { invitations, next } = await api('listInvitations', { query: page, signal })
      return { rows: invitations, next }
    },
  })
}

/** Everyone with an account, by name. @param q as of members */
export function useAccounts(q: string): PagedRows<AccountBody> {
  return usePages({
    queryKey: ['accounts', q],
    async read(page, signal) {
      const { accounts, next } = await api('listAccounts', { query: { ...page, ...soughtBy(q) }, signal })
      return { rows: accounts, next }
    },
  })
}

/** The orgs that one sees, oldest first. */
export function useOrgs(): PagedRows<OrgBody> {
  return usePages({
    queryKey: ['orgs', 'list'],
    async read(page, signal) {
      const { orgs, next } = await api('listOrgs', { query: page, signal })
      return { rows: orgs, next }
    },
  })
}

/** The first members with a text in their name or address, to choose from. */
export function useMemberOffers(q: string): readonly MemberBody[] {
  const { data } = useQuery({
    queryKey: ['members', 'offers', q],
    queryFn: async ({ signal }) =>
      (await api('listMembers', { query: { limit: OFFERS, ...soughtBy(q) }, signal })).members,
    placeholderData: (before) => before,
  })
  return data ?? []
}

/** What a member is called; the id, while that is not known or where there is none. */
export function usePersonName(id: string | undefined): string | undefined {
  const { data } = useQuery({
    queryKey: ['members', 'one', id],
    queryFn: ({ signal }) => api('showMember', { params: { person: id ?? '' }, signal }),
    enabled: id !== undefined,
  })
  return data?.person.name ?? id
}

function soughtBy(q: string): { readonly q?: string } {
  return q === '' ? {} : { q }
}
