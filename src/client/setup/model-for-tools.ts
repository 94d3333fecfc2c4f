import { offeredModels } from '../offered-models.ts'
import { type ClientProfile, chooseClientProfile } from '../profiles/client-profile.ts'
import { type RunModel, runModel } from '../run/run-model.ts'

/** What a person says of it; what is `undefined` is the profile's, or the gateway's. */
export interface AskedModel {
  readonly profile: string | undefined
  readonly model: string | undefined
  readonly contextTokens: number | undefined
}

/**
 * The profile and the model that a tool is set up with.
 * @throws ConfigError where no gateway and key are kept, CommandFailure where the gateway cannot be asked or does not take
 * the key, PunkuError `invalid_request` for a model that it does not offer; each says what to do.
 */
export async function modelForTools(
  home: string,
  { profile: asked, model, contextTokens }: AskedModel,
): Promise<{ readonly profile: ClientProfile; readonly model: RunModel }> {
  const profile = chooseClientProfile(home, asked)
  const offered = await offeredModels(home, profile)
  const chosen = { asked: model, ofProfile: profile.model, contextTokens, isOptional: false, url: profile.url }
  return { profile, model: runModel({ offered, ...chosen }) }
}
