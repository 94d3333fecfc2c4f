import { refusedFlag, type ToolPlanner } from '../tool-plan.ts'

const CONFIG = 'punku-continue.yaml'

/** Continue: a configuration of its own. JSON is YAML, too. */
export const continuePlan: ToolPlanner = {
  name: 'continue',
  conflicts: [
    refusedFlag(['--config'], '--config would take the place of the configuration that leads it to the gateway.'),
  ],
  remark: 'Continue takes one configuration: rules and servers of ~/.continue/config.yaml are not there in this run.',
  plan: ({ url, key, model, contextTokens, maxOutputTokens, headers, pathOf }) => ({
    args: ['--config', pathOf(CONFIG)],
    env: {},
    files: [
      {
        name: CONFIG,
        text: JSON.stringify({
          name: 'Punku',
          version: '1.0.0',
          schema: 'v1',
          models: [
            {
              name: model,
              provider: 'openai',
              model,
              apiBase: `${url}/v1`,
              apiKey: key,
              roles: ['chat', 'edit', 'apply', 'summarize'],
              capabilities: ['tool_use'],
              defaultCompletionOptions: { contextLength: contextTokens, maxTokens: maxOutputTokens },
              requestOptions: { headers },
            },
          ],
        }),
      },
    ],
  }),
}
