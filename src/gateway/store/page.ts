/** A part of a list that is read in steps. */
export interface Page<Position> {
  /** Where the last one of the part before stands; `undefined`: from the beginning. */
  readonly after: Position | undefined
  /** Rows at most. */
  readonly limit: number
}

/** A part of a list of people. */
export interface PeoplePage extends Page<PlaceByName> {
  /** Only those with this in their name or e-mail address. */
  readonly text?: string | undefined
}

/** A row's place in a list by time. The id tells apart what came in one millisecond. */
export interface PlaceInTime {
  readonly at: number
  readonly id: string
}

/** A row's place in a list by name. */
export interface PlaceByName {
  /** As the database folds letter case. */
  readonly name: string
  readonly id: string
}
