import { PunkuError } from '../../core/error.ts'
import { printable } from '../../http-client/gateway-error.ts'
import { namedOtherwise, type OfferedModel, offeredModel, offeredNames } from '../model-list.ts'

/** Where nobody knows: the first request of every tool fits, and most model servers have as much. */
const DEFAULT_CONTEXT_TOKENS = 32_768
const MAX_OUTPUT_TOKENS = 16_384

/**
 * Names stand in arguments, variables and configuration files of other programs, some of which put `{env:X}`, `$X` or `${{ X }}`
 * in their place: a gateway that is not the person's own must not read files by a name.
 */
const SAFE_NAME = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N} ._:/@+=,()[\]-]*$/u

/** The model of a run, and how much it takes. */
export interface RunModel {
  /** Empty: none was chosen, and the tool needs none. */
  readonly id: string
  readonly contextTokens: number
  /** Who says so. */
  readonly contextFrom: 'asked' | 'gateway' | 'default'
  readonly maxOutputTokens: number
  /** Says that it was named in another letter case; `undefined`: it was not. */
  readonly otherwise: string | undefined
}

export interface RunModelOptions {
  readonly offered: readonly OfferedModel[]
  /** By `--model`; else that of the profile. */
  readonly asked: string | undefined
  readonly ofProfile: string | undefined
  readonly contextTokens: number | undefined
  readonly isOptional: boolean
  /** Where the models are, for a message. */
  readonly url: string
}

/**
 * The model of a run: the one that is asked for, else the profile's, else the only one there is that writes.
 * @throws PunkuError `invalid_request` when that is none, or not offered; the message lists those that are.
 */
export function runModel({ offered, asked, ofProfile, contextTokens, isOptional, url }: RunModelOptions): RunModel {
  const chats = offered.filter(({ isChat }) => isChat)
  const name = asked ?? ofProfile
  const [only] = chats
  const model = name === undefined ? (chats.length === 1 ? only : undefined) : offeredModel(offered, name)
  if (model === undefined && (name !== undefined || !isOptional)) {
    const names = offeredNames(chats)
    if (name !== undefined) throw invalid(`${url} offers this key no model '${name}'. It offers: ${names}.`)
    throw invalid(
      chats.length === 0
        ? `${url} offers this key no model now. Check its upstreams.`
        : `Say which model: --model MODEL. ${url} offers: ${names}.`,
    )
  }
  if (model !== undefined && !SAFE_NAME.test(model.id)) {
    throw invalid(
      `${url} offers a model whose name tools may take for something else (${printable(model.id, 80)}): a flag, a variable, a file. Have it renamed at its model server, or give it an alias at the gateway.`,
    )
  }
  const known = contextTokens ?? model?.contextTokens
  const size = known ?? DEFAULT_CONTEXT_TOKENS
  return {
    id: model?.id ?? '',
    contextTokens: size,
    contextFrom: contextTokens !== undefined ? 'asked' : known === undefined ? 'default' : 'gateway',
    otherwise: namedOtherwise(model?.id ?? '', name),
    maxOutputTokens: Math.min(MAX_OUTPUT_TOKENS, Math.max(1, Math.floor(size / 4))),
  }
}

function invalid(message: string): PunkuError {
  return new PunkuError('invalid_request', message, { param: 'model' })
}
