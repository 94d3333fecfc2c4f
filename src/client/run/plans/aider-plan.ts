import { aiderMetadata } from '../../tools/aider-metadata.ts'
import { refusedFlag, type ToolPlanner } from '../tool-plan.ts'

const VARIABLES = 'punku-aider.env'
const PARAMETERS = 'punku-aider-models.yml'
const METADATA = 'punku-aider-models.json'

/**
 * Aider: variables. It reads `.env` files of home and project over those of the shell, and the file that is named last of
 * all. Headers are parameters for all models, so that what Aider knows of the model itself still holds.
 */
export const aiderPlan: ToolPlanner = {
  name: 'aider',
  isForwarded: false,
  conflicts: [
    refusedFlag(
      ['--env-file', '--openai-api-base', '--openai-api-key', '--api-key', '--set-env'],
      'this flag may lead it away from the gateway. Leave it out.',
    ),
  ],
  plan: ({ url, key, model, contextTokens, maxOutputTokens, headers, pathOf }) => {
    const variables = {
      OPENAI_API_BASE: `${url}/v1`,
      OPENAI_API_KEY: key,
      AIDER_OPENAI_API_BASE: `${url}/v1`,
      AIDER_OPENAI_API_KEY: key,
    }
    return {
      args: [
        ...['--model', `openai/${model}`, '--env-file', pathOf(VARIABLES)],
        ...['--model-settings-file', pathOf(PARAMETERS), '--model-metadata-file', pathOf(METADATA)],
        '--no-show-model-warnings',
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
          text: JSON.stringify([{ name: 'aider/extra_params', extra_params: { extra_headers: headers } }]),
        },
        { name: METADATA, text: JSON.stringify(aiderMetadata({ model, contextTokens, maxOutputTokens })) },
      ],
    }
  },
}
