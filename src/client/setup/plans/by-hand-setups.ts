import { commandLine } from '../../../config/own-command.ts'
import { isLoopbackHost } from '../../../core/loopback.ts'
import type { SetupTool } from '../setup-plan.ts'

/** VS Code keeps keys in its own store and asks for them in a window: the rest of the model is text to paste. */
export const vscodeSetup: SetupTool = {
  name: 'vscode',
  title: 'VS Code',
  evidence: 'documented',
  format: 'openai-chat',
  plan({ url, keyCommand, model, contextTokens, maxOutputTokens }, { platform }) {
    const entry = {
      id: model,
      name: `${model} (Punku)`,
      url: `${url}/v1/chat/completions`,
      toolCalling: true,
      vision: false,
      maxInputTokens: Math.max(1, contextTokens - maxOutputTokens),
      maxOutputTokens,
    }
    return {
      edits: [],
      notes: ['VS Code keeps the key in its own store, so these steps are by hand. It takes version 1.122 or newer.'],
      next: [
        'Run the command Chat: Manage Language Models, choose Add, then Custom Endpoint.',
        `Name the group Punku, choose the API type chat completions, and paste the key that this prints: ${commandLine(keyCommand, platform)}`,
        'Open chatLanguageModels.json by the gear beside the group, and put this into its list of models:',
      ],
      snippet: JSON.stringify(entry, undefined, 2),
    }
  },
}

/** AI Assistant of JetBrains: a window, and no file. */
export const jetbrainsSetup: SetupTool = {
  name: 'jetbrains',
  title: 'JetBrains AI Assistant',
  evidence: 'documented',
  format: 'openai-chat',
  lacksContext: true,
  plan({ url, keyCommand, model }, { platform }) {
    return {
      edits: [],
      notes: ['The IDE keeps this in its own store, so these steps are by hand.'],
      next: [
        'Open Settings, Tools, AI Assistant, Models, and there Third-party AI providers.',
        `Choose OpenAI-compatible, the URL ${url}/v1, and paste the key that this prints: ${commandLine(keyCommand, platform)}`,
        `Test the connection, then choose ${model} under Local models.`,
      ],
    }
  },
}

/** Home Assistant: its integration of Ollama asks for an address alone. */
export const homeAssistantSetup: SetupTool = {
  name: 'home-assistant',
  title: 'Home Assistant',
  evidence: 'documented',
  format: 'ollama-chat',
  lacksContext: true,
  plan({ url, keyCommand, model, typed }, { platform }) {
    return {
      edits: [],
      notes: [
        'Its integration of Ollama takes an address. Where yours has no field for a key, the key can stand in the address: the gateway has to allow that (`gateway: { keyInPath: true }` in its punku.yaml), and the address is then as secret as the key.',
        `Where Home Assistant runs on this machine itself, or shares its network, ${typed('forward')} adds the key, and the URL is http://127.0.0.1:11434.`,
        ...(isLoopbackHost(new URL(url).hostname)
          ? [
              `${url} is this machine alone. Home Assistant on another, or in a container, needs an address that it reaches: the gateway has to listen there.`,
            ]
          : []),
      ],
      next: [
        'Open Settings, Devices & services, Add integration, Ollama.',
        `URL: ${url}, with the key that this prints: ${commandLine(keyCommand, platform)}`,
        `Or, without a field for a key, the URL ${url}/k/KEY with that key in the place of KEY.`,
        `Choose the model ${model} as it stands in the list: Home Assistant tries to fetch any other, which the gateway does not do for it.`,
        'Open Settings, Voice assistants, and choose it as the conversation agent of an assistant.',
      ],
    }
  },
}

/** n8n: credentials, which it keeps in its own database. */
export const n8nSetup: SetupTool = {
  name: 'n8n',
  title: 'n8n',
  evidence: 'documented',
  format: 'openai-chat',
  lacksContext: true,
  plan({ url, keyCommand, model }, { platform }) {
    return {
      edits: [],
      notes: ['n8n keeps credentials in its own database, so these steps are by hand.'],
      next: [
        'Open Credentials, Create credential, OpenAI.',
        `Base URL: ${url}/v1. API key: what this prints: ${commandLine(keyCommand, platform)}`,
        `In a node OpenAI Chat Model choose this credential and the model ${model}.`,
      ],
    }
  },
}
