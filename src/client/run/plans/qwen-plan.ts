import { refusedFlag, type ToolPlanner } from '../tool-plan.ts'

const SETTINGS = 'punku-qwen.json'

/** Qwen Code: settings of the system, which a variable names, win over the person's own; those stay otherwise. */
export const qwenPlan: ToolPlanner = {
  name: 'qwen',
  conflicts: [
    refusedFlag(
      ['--auth-type', '--openai-base-url', '--openai-api-key'],
      'this flag may lead it away from the gateway. Leave it out.',
    ),
  ],
  plan: ({ url, key, model, contextTokens, headers, pathOf }) => ({
    args: ['--auth-type', 'openai', '--model', model],
    env: {
      QWEN_CODE_SYSTEM_SETTINGS_PATH: pathOf(SETTINGS),
      PUNKU_KEY: key,
      OPENAI_API_KEY: key,
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_MODEL: model,
    },
    files: [
      {
        name: SETTINGS,
        text: JSON.stringify({
          security: { auth: { selectedType: 'openai' } },
          model: { name: model },
          modelProviders: {
            openai: [
              {
                id: model,
                name: model,
                baseUrl: `${url}/v1`,
                envKey: 'PUNKU_KEY',
                generationConfig: { contextWindowSize: contextTokens, customHeaders: headers },
              },
            ],
          },
        }),
      },
    ],
  }),
}
