import { aiderMetadata } from '../../tools/aider-metadata.ts'
import { refusedFlag, type ToolPlanner } from '../tool-plan.ts'

const VARIABLES = 'punku-aider.env'
const PARAMETERS = 'punku-aider-models.yml'
const METADATA = 'punku-aider-models.json'
/** Where it asks: the forwarder of its run. */
const LOOPBACK = '127.0.0.1,localhost'

/**
 * Aider: variables. It reads `.env` files of home and project over those of the shell, and the file that is named last of
 * all. Headers are parameters for all models, so that what Aider knows of the model itself still holds. Files of a project
 * can lead it anywhere, also its variables, settings of models and configuration: each is overruled, and it never has the key.
 */
export const aiderPlan: ToolPlanner = {
  name: 'aider',
  conflicts: [
    refusedFlag(
      ['--env-file', '--openai-api-base', '--openai-api-key', '--api-key', '--set-env', '--no-verify-ssl'],
      'this flag may lead it away from the gateway. Leave it out.',
    ),
  ],
  plan: ({ url, key, model, contextTokens, maxOutputTokens, headers, pathOf }) => {
    const base = `${url}/v1`
    const variables = {
      OPENAI_API_BASE: base,
      OPENAI_BASE_URL: base,
      OPENAI_API_KEY: key,
      AIDER_OPENAI_API_BASE: base,
      AIDER_OPENAI_API_KEY: key,
      NO_PROXY: LOOPBACK,
      no_proxy: LOOPBACK,
    }
    return {
      args: [
        ...['--model', `openai/${model}`, '--env-file', pathOf(VARIABLES)],
        ...['--model-settings-file', pathOf(PARAMETERS), '--model-metadata-file', pathOf(METADATA)],
        // Lists, of which those of a configuration file count where none is given.
        ...['--openai-api-base', base, '--set-env', `OPENAI_API_BASE=${base}`, '--api-key', 'punku=none'],
        ...['--verify-ssl', '--no-show-model-warnings'],
      ],
      env: { ...variables, LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
      files: [
        {
          name: VARIABLES,
          text: Object.entries(variables)
            .map(([name, value]) => `${name}=${value}\n`)
            .join(''),
        },
        {
          name: PARAMETERS,
          // JSON is YAML, too.
          text: JSON.stringify([
            // Both names of the address, which settings of a model in the project may have.
            { name: 'aider/extra_params', extra_params: { extra_headers: headers, api_base: base, base_url: base } },
          ]),
        },
        { name: METADATA, text: JSON.stringify(aiderMetadata({ model, contextTokens, maxOutputTokens })) },
      ],
    }
  },
}
