import { ownCommand } from '../../config/own-command.ts'
import { profileFlag } from '../../config/profile-name.ts'
import { formatDuration } from '../../core/units.ts'
import type { GatewayAddress } from '../../http-client/gateway-address.ts'
import { GatewayError } from '../../http-client/gateway-error.ts'
import type { RunProgram } from '../../machine/run-program.ts'
import { type GatewayRefusal, readRefusal } from '../../machine/way/refused-answer.ts'
import { WayScene, type WaySceneOptions } from '../../machine/way/way-scene.ts'
import { loginAddress } from '../login-address.ts'
import { type OfferedModel, offeredModel, readModelList } from '../model-list.ts'
import { type ClientProfile, chooseClientProfile } from '../profiles/client-profile.ts'
import { askChat, type ChatReport } from './chat-ask.ts'
import { type HopBehind, hopOfRefusal } from './gateway-refusal.ts'

/** What the walk of a client is made with. */
export interface ClientWalkOptions extends WaySceneOptions {
  /** Default: the one that was written last. */
  readonly profileName: string | undefined
  /** Default: that of the profile, else the first that the gateway lists. */
  readonly model: string | undefined
  readonly run: RunProgram
  /** How long nothing may come of a model, which may have to be loaded first. */
  readonly loadMs: number
  /** What `setup` wrote into tools and stands there no longer, each a sentence. */
  readonly drift: () => Promise<readonly string[]>
  /** What is known not to work together of the versions that are installed here, each a sentence. */
  readonly unfit: () => Promise<readonly string[]>
  /** Is told what takes long, as a sentence. */
  readonly onWait: (what: string) => void
}

/** How often it is told that a model still has not answered. */
const TELL_EVERY_MS = 15_000

/** The models that a key may use, or why they are not told. */
export type ListedForKey = { readonly models: readonly OfferedModel[] } | { readonly refusal: GatewayRefusal }

/** A refusal, and the hop at which the way broke. */
export interface BrokenWay {
  readonly hop: HopBehind
  readonly refusal: GatewayRefusal
}

/**
 * What the checks of one walk share: the profile, the way to its gateway, and answers, each of which is asked for once. Until
 * `open` has returned there is neither.
 */
export class ClientScene extends WayScene {
  override readonly options: ClientWalkOptions
  #opened: { readonly profile: ClientProfile; readonly address: GatewayAddress } | undefined
  #list: Promise<ListedForKey> | undefined
  #firstChat: Promise<ChatReport> | undefined

  constructor(options: ClientWalkOptions) {
    super(options)
    this.options = options
  }

  /**
   * Reads the profile and what it names.
   * @throws ConfigError, or PunkuError `invalid_request`, when it cannot be used.
   */
  open(): ClientProfile {
    const profile = chooseClientProfile(this.options.home, this.options.profileName)
    this.#opened = { profile, address: loginAddress(profile) }
    return profile
  }

  get profile(): ClientProfile {
    return this.#open.profile
  }

  override get address(): GatewayAddress {
    return this.#open.address
  }

  override readdressCommand(url: string): string {
    return ownCommand(`login ${url}${profileFlag(this.profile.name)}`, this.options.home)
  }

  override trustCommand(): string {
    return `${this.readdressCommand(this.profile.url)} --ca-file FILE`
  }

  get #open() {
    if (this.#opened === undefined) throw new Error('the profile was not read yet')
    return this.#opened
  }

  /** The models that the gateway lists for the key, or why it does not. */
  list(signal: AbortSignal): Promise<ListedForKey> {
    this.#list ??= this.#askList(signal)
    return this.#list
  }

  async #askList(signal: AbortSignal): Promise<ListedForKey> {
    try {
      using answer = await this.ask({ path: '/v1/models', headers: { authorization: this.#authorization }, signal })
      if (answer.status !== 200) return { refusal: await readRefusal(answer) }
      const models = readModelList(await answer.text())
      if (models !== undefined) return { models }
      return { refusal: { code: undefined, status: 0, text: 'what answers is no list of models' } }
    } catch (thrown) {
      if (thrown instanceof GatewayError) return { refusal: { code: undefined, status: 0, text: thrown.message } }
      throw thrown
    }
  }

  /** The model that is asked, by the name that is listed where one is; `undefined`: none is named, and none is listed. */
  async model(signal: AbortSignal): Promise<string | undefined> {
    const list = await this.list(signal)
    const models = 'models' in list ? list.models : []
    const name = this.options.model ?? this.profile.model
    if (name === undefined) return models.find(({ isChat }) => isChat)?.id
    return offeredModel(models, name)?.id ?? name
  }

  /** The model's answer to the smallest question; `undefined`: there is no model to ask. */
  async firstChat(signal: AbortSignal): Promise<ChatReport | undefined> {
    const model = await this.model(signal)
    if (model === undefined) return undefined
    this.#firstChat ??= this.chat(model, { prompt: 'Say yes.', maxTokens: 16 }, signal)
    return await this.#firstChat
  }

  /** Asks a model anew, and tells every now and then that it still has not answered. */
  async chat(
    model: string,
    question: { readonly prompt: string; readonly maxTokens: number },
    signal: AbortSignal,
  ): Promise<ChatReport> {
    const { clock, loadMs: silenceMs, onWait } = this.options
    const askedAtMs = clock.elapsed()
    using _patience = clock.every(TELL_EVERY_MS, () =>
      onWait(`${model} is still waited for, since ${formatDuration(clock.elapsed() - askedAtMs)}.`),
    )
    const asked = { ...question, model, authorization: this.#authorization, silenceMs, signal }
    return await askChat(this.address, asked, clock)
  }

  /** Why no model answers, and where the way to it broke; `undefined`: one answers, or there is none to ask. */
  async trouble(signal: AbortSignal): Promise<BrokenWay | undefined> {
    const chat = await this.firstChat(signal)
    if (chat !== undefined) return chat.refusal && { hop: hopOfRefusal(chat.refusal), refusal: chat.refusal }
    const list = await this.list(signal)
    return 'refusal' in list ? { hop: hopOfRefusal(list.refusal), refusal: list.refusal } : undefined
  }

  get #authorization(): string {
    return `Bearer ${this.profile.key.reveal()}`
  }
}
