/** What Aider is told of a model that it does not know, by the name it asks for the model by. */
export function aiderMetadata({
  model,
  contextTokens,
  maxOutputTokens,
}: {
  readonly model: string
  readonly contextTokens: number
  readonly maxOutputTokens: number
}) {
  return {
    [`openai/${model}`]: {
      max_tokens: maxOutputTokens,
      max_input_tokens: contextTokens,
      max_output_tokens: maxOutputTokens,
      input_cost_per_token: 0,
      output_cost_per_token: 0,
      litellm_provider: 'openai',
      mode: 'chat',
    },
  }
}
