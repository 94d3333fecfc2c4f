/** On every answer of the control API and of sign-in over HTTP: by it a command knows that a gateway has answered. */
export const CONTROL_HEADER = 'x-punku-control'
export const CONTROL_HEADER_VALUE = 'v1'
