/** Something that a process of the bench can be told to do: one argument of plain data, and plain data back. */
// biome-ignore lint/suspicious/noExplicitAny: the bound of a record of functions; each call is checked by its own type.
export type Calls<T> = { readonly [K in keyof T]: (args: any) => object }

/** What carries them out. */
export type CallTable<T extends Calls<T>> = {
  readonly [K in keyof T]: (args: Parameters<T[K]>[0]) => Promise<ReturnType<T[K]>>
}

interface Message {
  readonly name: string
  readonly args: unknown
}

/** In a worker's process: carries out what the bench sends, and ends with the bench. */
export function serveCalls<T extends Calls<T>>(table: CallTable<T>): void {
  process.on('message', ({ name, args }: Message) => {
    // The name and the arguments belong together by the type of the caller; the compiler cannot follow that to here.
    const perform = table[name as keyof T] as (args: unknown) => Promise<object>
    perform(args).then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ error: String(error) }),
    )
  })
  process.on('disconnect', () => process.exit())
}
