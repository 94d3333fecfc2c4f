/** What a change made of a thing. */
export interface Change<Thing> {
  readonly before: Thing
  readonly after: Thing
}
