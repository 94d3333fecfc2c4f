/** The variables by which Copilot CLI asks a gateway alone, without the key and the headers of a run. */
export function copilotVariables({
  url,
  model,
  contextTokens,
  maxOutputTokens,
}: {
  readonly url: string
  readonly model: string
  readonly contextTokens: number
  readonly maxOutputTokens: number
}) {
  return {
    COPILOT_OFFLINE: 'true',
    COPILOT_MODEL: model,
    COPILOT_PROVIDER_TYPE: 'openai',
    COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
    COPILOT_PROVIDER_WIRE_API: 'completions',
    // Of the prompt alone, and so without what is kept for the answer.
    COPILOT_PROVIDER_MAX_PROMPT_TOKENS: String(Math.max(1, contextTokens - maxOutputTokens)),
    COPILOT_PROVIDER_MAX_OUTPUT_TOKENS: String(maxOutputTokens),
  }
}
