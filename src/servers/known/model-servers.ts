import { anthropic } from './anthropic.ts'
import { llamaServer } from './llama-server.ts'
import { lmStudio } from './lm-studio.ts'
import type { Misread, ModelServer } from './model-server.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'
import { vllm } from './vllm.ts'

/** The model servers that are known, in the order in which a server is held against them: the first that fits it is. */
export const MODEL_SERVERS = [ollama, llamaServer, vllm, lmStudio, openai, anthropic] as const

/** What a model server is called in the route table, in rows and in what people are shown. */
export type ServerName = (typeof MODEL_SERVERS)[number]['name']

/** In the order of the list. */
export const SERVER_NAMES: readonly ServerName[] = MODEL_SERVERS.map(({ name }) => name)

const BY_NAME: ReadonlyMap<ServerName, ModelServer<ServerName>> = new Map(
  MODEL_SERVERS.map((server) => [server.name, server]),
)

/** What is known of the server of this name. */
export function modelServer(name: ServerName): ModelServer<ServerName> {
  return BY_NAME.get(name) as ModelServer<ServerName>
}

/** What the server of this name serves badly of a route; `undefined`: nothing. */
export function misreadOf(name: ServerName, path: string): Misread | undefined {
  return modelServer(name).misreads?.find((misread) => misread.path === path)
}

const MISREADS: readonly Misread[] = MODEL_SERVERS.flatMap((server: ModelServer) => server.misreads ?? [])

/** The fields of a route that some server misreads. */
export function misreadFields(path: string): readonly string[] {
  return FIELDS.get(path) ?? []
}

const FIELDS: ReadonlyMap<string, readonly string[]> = new Map(
  Array.from(
    Map.groupBy(MISREADS, ({ path }) => path),
    ([path, misreads]) => [path, [...new Set(misreads.flatMap(({ fields = [] }) => fields))]],
  ),
)

/** The fields that some server misreads of some route. */
export const MISREAD_FIELDS: readonly string[] = [...new Set([...FIELDS.values()].flat())]

/** Whether a server searches the web by itself for whoever sends it such a tool. One that is not known may. */
export function searchesTheWeb(name: ServerName | undefined): boolean {
  return name === undefined || modelServer(name).searchesTheWeb === true
}
