/** Somebody with an account, as others see them. */
export interface Person {
  readonly id: string
  readonly name: string
  /** In lower case. */
  readonly email: string
}
