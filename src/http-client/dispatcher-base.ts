import type { Dispatcher, errors as Errors } from 'undici'
// The package's entry loads all of its clients, over a megabyte of code. Three of its files are all that is needed; they
// have no types beside them, and so are given those of the package.
// @ts-expect-error
import requestMethod from 'undici/lib/api/api-request.js'
// @ts-expect-error
import errorClasses from 'undici/lib/core/errors.js'
// @ts-expect-error
import dispatcherClass from 'undici/lib/dispatcher/dispatcher.js'

/**
 * The class that undici's own dispatchers extend, by identity, with `request` as the one way to ask by a promise. The
 * package's entry would put `stream`, `pipeline`, `connect` and `upgrade` on it too.
 */
export const DispatcherBase: typeof Dispatcher = dispatcherClass
DispatcherBase.prototype.request = requestMethod

/** The package's error classes, by identity. */
export const errors: typeof Errors = errorClasses
