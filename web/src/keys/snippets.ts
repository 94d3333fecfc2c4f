/** Lines to paste: how a client is given the gateway's address and a key. */
export interface Snippet {
  readonly title: string
  readonly text: string
}

/** The snippets of one kind of client. */
export interface SnippetGroup {
  readonly id: string
  readonly name: string
  /** What is worth knowing, in Markdown's backticks; empty: nothing. */
  readonly note: string
  readonly snippets: readonly Snippet[]
}

/** Ready-made lines for the clients that people have. @param baseUrl the gateway's address, without a slash at its end */
export function clientSnippets(baseUrl: string, key: string, model: string): readonly SnippetGroup[] {
  const ask = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hello!' }] })
  return [
    {
      id: 'curl',
      name: 'curl',
      note: '',
      snippets: [
        {
          title: 'Shell',
          text: [
            `curl -N ${baseUrl}/v1/chat/completions \\`,
            `  -H 'authorization: Bearer ${key}' \\`,
            "  -H 'content-type: application/json' \\",
            `  -d '${ask}'`,
          ].join('\n'),
        },
      ],
    },
    {
      id: 'openai',
      name: 'OpenAI SDK',
      note: 'The same two lines go into any client that has a field for an OpenAI base URL.',
      snippets: [
        {
          title: 'Python',
          text: [
            'from openai import OpenAI',
            '',
            `client = OpenAI(base_url="${baseUrl}/v1", api_key="${key}")`,
            'answer = client.chat.completions.create(',
            `    model="${model}", messages=[{"role": "user", "content": "Hello!"}]`,
            ')',
            'print(answer.choices[0].message.content)',
          ].join('\n'),
        },
        {
          title: 'JavaScript',
          text: [
            "import OpenAI from 'openai'",
            '',
            `const client = new OpenAI({ baseURL: '${baseUrl}/v1', apiKey: '${key}' })`,
            'const answer = await client.chat.completions.create({',
            `  model: '${model}', messages: [{ role: 'user', content: 'Hello!' }],`,
            '})',
            'console.log(answer.choices[0].message.content)',
          ].join('\n'),
        },
      ],
    },
    {
      id: 'anthropic',
      name: 'Anthropic SDK',
      note: 'Without `/v1` at the end of the address: this SDK adds it.',
      snippets: [
        {
          title: 'Python',
          text: [
            'from anthropic import Anthropic',
            '',
            `client = Anthropic(base_url="${baseUrl}", api_key="${key}")`,
            'answer = client.messages.create(',
            `    model="${model}", max_tokens=1024, messages=[{"role": "user", "content": "Hello!"}]`,
            ')',
            'print(answer.content[0].text)',
          ].join('\n'),
        },
        {
          title: 'JavaScript',
          text: [
            "import Anthropic from '@anthropic-ai/sdk'",
            '',
            `const client = new Anthropic({ baseURL: '${baseUrl}', apiKey: '${key}' })`,
            'const answer = await client.messages.create({',
            `  model: '${model}', max_tokens: 1024, messages: [{ role: 'user', content: 'Hello!' }],`,
            '})',
            'console.log(answer.content)',
          ].join('\n'),
        },
      ],
    },
    {
      id: 'claude-code',
      name: 'Claude Code',
      note: 'Set no second key in `ANTHROPIC_API_KEY`: two different ones are refused.',
      snippets: [
        {
          title: 'Shell',
          text: [
            `export ANTHROPIC_BASE_URL=${baseUrl}`,
            `export ANTHROPIC_AUTH_TOKEN=${key}`,
            `export ANTHROPIC_MODEL='${model}' ANTHROPIC_DEFAULT_HAIKU_MODEL='${model}'`,
            'claude',
          ].join('\n'),
        },
      ],
    },
    {
      id: 'ollama',
      name: 'Ollama client',
      note: 'For models on an Ollama server. The `ollama` command itself sends no key in a header.',
      snippets: [
        {
          title: 'Python',
          text: [
            'from ollama import Client',
            '',
            `client = Client(host="${baseUrl}", headers={"Authorization": "Bearer ${key}"})`,
            `answer = client.chat(model="${model}", messages=[{"role": "user", "content": "Hello!"}])`,
            'print(answer.message.content)',
          ].join('\n'),
        },
        {
          title: 'JavaScript',
          text: [
            "import { Ollama } from 'ollama'",
            '',
            `const client = new Ollama({ host: '${baseUrl}', headers: { Authorization: 'Bearer ${key}' } })`,
            `const answer = await client.chat({ model: '${model}', messages: [{ role: 'user', content: 'Hello!' }] })`,
            'console.log(answer.message.content)',
          ].join('\n'),
        },
      ],
    },
  ]
}
