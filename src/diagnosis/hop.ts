/**
 * The hops of the way from a tool to a model, in the order in which they are walked, and the exit code of `punku doctor`
 * when the walk stops there. The codes are kept: a new hop takes a new one.
 */
export const HOP_EXITS = {
  /** Files of ours: configuration, profiles, secrets. */
  configuration: 20,
  /** The time of this machine, beside that of the gateway. */
  clock: 21,
  /** What the environment says of proxies. */
  proxy: 22,
  /** The gateway's name has addresses. */
  dns: 23,
  /** A connection to it opens. */
  connection: 24,
  /** Its certificate is trusted. */
  tls: 25,
  /** What answers is a gateway, and ready. */
  gateway: 26,
  /** The key is accepted. */
  key: 27,
  /** The key may do what is asked of it: routes, models. */
  scopes: 28,
  /** The tunnel's link stands. */
  link: 29,
  /** The agent runs beside the model server. */
  agent: 30,
  'model-server': 31,
  /** The model is there, and loads. */
  model: 32,
  'first-token': 33,
  /** The answer comes as it is written, and is not held back on the way. */
  stream: 34,
  /** Containers reach the listener, and not the model server. */
  containers: 35,
  /** The model server is reachable from this machine alone. */
  exposure: 36,
  firewall: 37,
  /** What `punku setup` wrote into tools still stands. */
  setup: 38,
  /** Versions that work together. */
  versions: 39,
} as const

/** One step of the way. */
export type Hop = keyof typeof HOP_EXITS
