import { refusedFlag, type ToolPlanner } from '../tool-plan.ts'

const SETTINGS = 'punku-droid.json'

/** Droid: settings for one process, which a variable names, are laid over the person's own. */
export const droidPlan: ToolPlanner = {
  name: 'droid',
  conflicts: [
    refusedFlag(['--settings'], '--settings would take the place of the settings that lead it to the gateway.'),
  ],
  plan: ({ url, key, model, contextTokens, maxOutputTokens, headers, pathOf }) => {
    const id = `custom:${model}-0`
    return {
      args: [],
      env: { FACTORY_RUNTIME_SETTINGS_PATH: pathOf(SETTINGS) },
      files: [
        {
          name: SETTINGS,
          text: JSON.stringify({
            customModels: [
              {
                model,
                id,
                index: 0,
                displayName: `${model} (Punku)`,
                baseUrl: `${url}/v1`,
                apiKey: key,
                provider: 'generic-chat-completion-api',
                maxContextLimit: contextTokens,
                maxOutputTokens,
                extraHeaders: headers,
              },
            ],
            sessionDefaultSettings: { model: id },
          }),
        },
      ],
    }
  },
}
