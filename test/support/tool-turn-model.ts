import type { ScriptedModelOptions } from './gguf.ts'
import { toolCallModel } from './scripted-models.ts'

/** What follows on it is said rather than a tool called. */
const CUE = '<|say|>'
/** A real tool sends more than an engine without a graphics card reads in a minute. */
const SHOWN_CHARACTERS = 400

/** As that of a model that calls a tool, but with names of tools alone, and the beginning of each message. */
const TEMPLATE = `{%- set ns = namespace(calls=false) %}
{%- if tools %}{%- set ns.calls = true %}{{- '<|im_start|>system\\n# Tools\\n\\nYou are provided with function signatures within <tools></tools> XML tags:\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' + tool.function.name }}{%- endfor %}
{{- '\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\\n<tool_call>\\n{"name": <function-name>, "arguments": <args-json-object>}\\n</tool_call><|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{%- set shown = (message.content or '')[:${SHOWN_CHARACTERS}] %}
{%- if message.role == 'tool' %}{%- set ns.calls = false %}{{- '<|im_start|>user\\n<tool_response>\\n' + shown + '\\n</tool_response><|im_end|>\\n' }}
{%- elif message.tool_calls %}{{- '<|im_start|>assistant' }}{%- if shown %}{{- '\\n' + shown }}{%- endif %}
{%- for call in message.tool_calls %}{{- '\\n<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) + '}\\n</tool_call>' }}{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- else %}{{- '<|im_start|>' + message.role + '\\n' + shown + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- if not ns.calls %}{{- '${CUE}' }}{%- endif %}{%- endif %}`

/**
 * A model that calls `name` where a request offers tools and none has answered yet, and says `words` else. Requests with tools
 * must offer that one.
 * @param words none twice, none a single character
 */
export function toolTurnModel(
  name: string,
  args: Readonly<Record<string, unknown>>,
  words: readonly string[],
): ScriptedModelOptions {
  return { ...toolCallModel(name, args), template: TEMPLATE, onCue: { cue: CUE, tokens: words } }
}

/** A model that says `words`, whatever tools a request offers; it too is shown the beginnings of messages alone. */
export function sayingModel(words: readonly string[]): ScriptedModelOptions {
  return {
    template: TEMPLATE.replace('ns.calls = true', 'ns.calls = false'),
    tokens: ['none'],
    onCue: { cue: CUE, tokens: words },
  }
}
