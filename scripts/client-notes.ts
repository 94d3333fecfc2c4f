/** What a page of `docs/clients/` says of a tool beside what the code knows of it. */
export interface ClientNotes {
  /** The name of the tool, and of its page. */
  readonly name: string
  /** Which API it asks by, and what follows from that. */
  readonly speaks: string
  /** What does not work, or works in another way than one would think. */
  readonly limits: readonly string[]
}

/** By the order of the index. What was measured is in `src/client/compat/known-versions.ts`. */
export const CLIENT_NOTES: readonly ClientNotes[] = [
  {
    name: 'claude',
    speaks:
      "Anthropic's API alone (`/v1/messages`). Where the model server has no such route, requests are translated: see [compatibility](../compatibility.md).",
    limits: [
      'Settings that a project holds can lead it to another server, and what is set up for good goes along, the key too. In a project that somebody sent use `punku run claude`, which was not led away.',

      'Of a model it does not know it assumes a window of a million tokens. `run` and `setup` give it the window that the gateway knows, else what `--context` says.',
      'It compacts its conversation at 100,000 tokens at the earliest, whatever is set; a smaller window ends in the error that the prompt is too long, on which it sums up and goes on.',
      'Variables in the shell do not beat its `settings.json`. `run` starts it with `--settings`, which does, and leaves the file alone.',
      'Its `settings.json` is strict JSON: with one comment in it nothing of it is loaded. `setup` refuses such a file and says where the comment is.',
      'It has no profiles: what `setup` writes is what it starts with from then on. For one try, use `run`.',
      'A model that is not there shows as "issue with the selected model", without the gateway’s words.',
    ],
  },
  {
    name: 'codex',
    speaks:
      "OpenAI's Responses API alone (`/v1/responses`). Where the model server has no such route, requests are translated.",
    limits: [
      'Its search of the web is switched off: it would be run by the model server, if at all.',
      'For a model that is not in its own list it warns that it falls back to defaults. That does no harm.',
      '`setup` writes a file of its own, for `codex --profile punku`; `config.toml` stays as it is.',
      'When the gateway says that too much was asked (429), Codex does not show the words.',
      'It wants to ask chatgpt.com and github.com beside the model, whatever it is told.',
    ],
  },
  {
    name: 'opencode',
    speaks:
      "OpenAI's chat completions (`/v1/chat/completions`), with a second request for the title of a conversation.",
    limits: [
      'Settings that a project holds can lead it to another server, and what is set up for good goes along, the key too. In a project that somebody sent use `punku run opencode`, which was not led away.',
      'The title is asked of the same model: on a slow one the first answer waits for it.',
    ],
  },
  {
    name: 'qwen',
    speaks: "OpenAI's chat completions. Its first request has 78 KB.",
    limits: [
      'Settings that a project holds can lead it to another server, and what is set up for good goes along, the key too. In a project that somebody sent use `punku run qwen`, which was not led away.',

      'It asks again for more than a minute where the gateway says 429 or 503, and shows nothing meanwhile.',
      'It wants to ask aliyun.com beside the model, whatever it is told.',
      'The model needs a window above 32,768 tokens: its own instructions take most of that.',
    ],
  },
  {
    name: 'copilot',
    speaks: 'Chat completions, the Responses API or that of Anthropic, by setting; `run` and `setup` choose the first.',
    limits: [
      'It takes its set-up from variables alone: `setup` writes a script of ours that you source, `tools/copilot.sh` in the state folder.',
      'It does not start where the model’s window is known and very small (4,096 tokens).',
      'No sign-in at GitHub is needed; what needs GitHub itself does not work with `COPILOT_OFFLINE`.',
      'Where the key is refused (401, 403) it hides the gateway’s words. `punku doctor` says them.',
    ],
  },
  {
    name: 'cline',
    speaks: "Chat completions, or Ollama's own API.",
    limits: [
      'After `setup` it leaves a process running when it ends, `cline --cline-hub-daemon`. `run` keeps it from that.',
      'It writes its own list of providers anew at each start. The key stands in it; `setup` closes the file to others.',
      'It wants to ask `data.` and `otel.cline.bot` beside the model, whatever it is told.',
      'Where the gateway says 429, 502 or 503 it asks on for more than a minute and shows nothing.',
    ],
  },
  {
    name: 'continue',
    speaks: 'Chat completions, or Anthropic’s API.',
    limits: [
      'A run does not see `~/.continue/config.yaml`.',
      '`setup` writes an agent of its own, `~/.continue/agents/punku.yaml`: `cn --config FILE`, and in an editor the agent *Punku*.',
    ],
  },
  {
    name: 'pi',
    speaks: 'Chat completions; the two others by setting.',
    limits: ['It shows errors as the JSON that came, with the gateway’s words in it.'],
  },
  {
    name: 'droid',
    speaks: "Chat completions, as a model of one's own.",
    limits: [
      'After `setup` the key stands in `~/.factory/settings.json`, since it takes no other source of it; the file is closed to others.',
      'It wants to ask its makers beside the model, whatever it is told.',
      'Where the key is refused it says "Exec failed" and no more. `punku doctor` says why.',
    ],
  },
  {
    name: 'aider',
    speaks: 'Chat completions (`openai/MODEL`); Ollama’s and Anthropic’s API by the prefix of the model’s name.',
    limits: [
      'It ends with code 0 also where the key was refused.',
      'Files of a project (`.env`, `.aider.conf.yml`, `.aider.model.settings.yml`) can lead it to another server, and what is set up for good goes along, the key too. In a project that somebody sent use `punku run aider`: there those files are overruled.',
      'It knows nothing of the model’s window, and warns so; `setup` writes a file of settings for the model.',
    ],
  },
  {
    name: 'goose',
    speaks: 'Chat completions.',
    limits: ['It was set up by its documents; it was not tried with the program itself.'],
  },
  {
    name: 'ollama',
    speaks: "Ollama's own API, on 127.0.0.1:11434, without a key. That is what `punku forward` is for.",
    limits: [
      'Commands that change the model server (`pull`, `create`, `rm`) need a key that may `manage`.',
      'An Ollama of this machine holds the same port: run `punku forward` on another one and set `OLLAMA_HOST`.',
    ],
  },
  {
    name: 'zed',
    speaks: 'Chat completions, as a provider of its own.',
    limits: ['It keeps the key in the keychain of the system: paste it there once, in its settings window.'],
  },
  {
    name: 'vscode',
    speaks: 'Chat completions, as a custom endpoint of Copilot Chat (from VS Code 1.122).',
    limits: ['Its key is in a store of its own, so that `setup` can only say the steps, with the text to paste.'],
  },
  {
    name: 'jetbrains',
    speaks: 'Chat completions, as a third-party model of AI Assistant.',
    limits: ['There is no file to write: `setup` says the steps.'],
  },
  {
    name: 'open-webui',
    speaks: 'Chat completions.',
    limits: [
      '`setup` writes a file of variables, to be given to the container by `--env-file`. The key is in it.',
      'What was saved in its admin pages beats the variables.',
    ],
  },
  {
    name: 'home-assistant',
    speaks: "Ollama's own API.",
    limits: [
      'Where its integration has no field for a key, the key stands in the address (`gateway.keyInPath`), which is then as secret as the key.',
    ],
  },
  {
    name: 'n8n',
    speaks: 'Chat completions, by a credential of OpenAI with another base URL.',
    limits: ['The credential is kept in n8n: `setup` says the steps.'],
  },
  {
    name: 'shell',
    speaks: 'whatever the program in it speaks, by `OPENAI_BASE_URL`, `OPENAI_API_KEY` and their kin.',
    limits: ['Only shells that start afterwards have the variables. A program that reads others is not reached.'],
  },
  {
    name: 'openai-sdk',
    speaks: "OpenAI's API.",
    limits: ['For addresses of tunnels (`http://ollama.LABEL.tunnel`) there is a `fetch` of ours: see the SDK.'],
  },
  {
    name: 'anthropic-sdk',
    speaks: "Anthropic's API.",
    limits: ['Files and batches, which the API of Anthropic has besides, are not served.'],
  },
  {
    name: 'langchain',
    speaks: 'Chat completions.',
    limits: ['Its package for Ollama works too: it sends a key by `client_kwargs`.'],
  },
  {
    name: 'llamaindex',
    speaks: 'Chat completions.',
    limits: ['Use `OpenAILike`: its class for OpenAI refuses names of models it does not know.'],
  },
  { name: 'pydantic-ai', speaks: 'Chat completions.', limits: ['Answers by a schema need a model that calls tools.'] },
  {
    name: 'vercel-ai',
    speaks: 'Chat completions.',
    limits: ['Use `@ai-sdk/openai-compatible`: the package for OpenAI asks by the Responses API.'],
  },
]
