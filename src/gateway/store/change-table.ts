/** What processes follow: whose changes they are told of. */
export type Noun = 'keys' | 'tunnels' | 'upstreams' | 'models' | 'orgs' | 'people' | 'sessions'

/** That a thing is another now, or gone. */
export interface ChangeTable {
  /** From 1, without a gap; the oldest are removed. */
  seq: number
  noun: Noun
  thing_id: string
}
