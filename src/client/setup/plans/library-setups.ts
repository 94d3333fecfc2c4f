import { commandLine } from '../../../config/own-command.ts'
import type { AskedFormat, SetupTarget, SetupTool } from '../setup-plan.ts'

/** What stands in the snippet of a library, each as a text in quotes. */
interface Quoted {
  readonly baseUrl: string
  readonly url: string
  readonly model: string
}

interface Library {
  readonly name: string
  readonly title: string
  readonly format?: AskedFormat
  readonly packages: string
  readonly code: (quoted: Quoted) => readonly string[]
}

const LIBRARIES: readonly Library[] = [
  {
    name: 'openai-sdk',
    title: "OpenAI's SDKs",
    packages: 'pip install openai',
    code: ({ baseUrl, model }) => [
      'import os',
      'from openai import OpenAI',
      '',
      `client = OpenAI(base_url=${baseUrl}, api_key=os.environ["PUNKU_KEY"])`,
      `answer = client.chat.completions.create(model=${model}, messages=[{"role": "user", "content": "Say hello."}])`,
      'print(answer.choices[0].message.content)',
    ],
  },
  {
    name: 'anthropic-sdk',
    title: "Anthropic's SDKs",
    format: 'anthropic-messages',
    packages: 'pip install anthropic',
    code: ({ url, model }) => [
      'import os',
      'from anthropic import Anthropic',
      '',
      `client = Anthropic(base_url=${url}, auth_token=os.environ["PUNKU_KEY"])`,
      `answer = client.messages.create(model=${model}, max_tokens=1024, messages=[{"role": "user", "content": "Say hello."}])`,
      'print(answer.content[0].text)',
    ],
  },
  {
    name: 'langchain',
    title: 'LangChain',
    packages: 'pip install langchain-openai',
    code: ({ baseUrl, model }) => [
      'import os',
      'from langchain_openai import ChatOpenAI',
      '',
      `llm = ChatOpenAI(base_url=${baseUrl}, api_key=os.environ["PUNKU_KEY"], model=${model})`,
      'print(llm.invoke("Say hello.").content)',
    ],
  },
  {
    name: 'llamaindex',
    title: 'LlamaIndex',
    packages: 'pip install llama-index-llms-openai-like',
    code: ({ baseUrl, model }) => [
      'import os',
      'from llama_index.llms.openai_like import OpenAILike',
      '',
      `llm = OpenAILike(api_base=${baseUrl}, api_key=os.environ["PUNKU_KEY"], model=${model}, is_chat_model=True)`,
      'print(llm.complete("Say hello."))',
    ],
  },
  {
    name: 'pydantic-ai',
    title: 'Pydantic AI',
    packages: 'pip install pydantic-ai-slim[openai]',
    code: ({ baseUrl, model }) => [
      'import os',
      'from pydantic_ai import Agent',
      'from pydantic_ai.models.openai import OpenAIChatModel',
      'from pydantic_ai.providers.openai import OpenAIProvider',
      '',
      `provider = OpenAIProvider(base_url=${baseUrl}, api_key=os.environ["PUNKU_KEY"])`,
      `agent = Agent(OpenAIChatModel(${model}, provider=provider))`,
      'print(agent.run_sync("Say hello.").output)',
    ],
  },
  {
    name: 'vercel-ai',
    title: 'Vercel AI SDK',
    packages: 'npm install ai @ai-sdk/openai-compatible',
    code: ({ baseUrl, model }) => [
      "import { createOpenAICompatible } from '@ai-sdk/openai-compatible'",
      "import { generateText } from 'ai'",
      '',
      `const punku = createOpenAICompatible({ name: 'punku', baseURL: ${baseUrl}, apiKey: process.env.PUNKU_KEY })`,
      `const { text } = await generateText({ model: punku(${model}), prompt: 'Say hello.' })`,
      'console.log(text)',
    ],
  },
]

/** Libraries: code to copy, which takes the key from the environment. Nothing of a project is written. */
export const librarySetups: readonly SetupTool[] = LIBRARIES.map(
  ({ name, title, format = 'openai-chat', packages, code }) => ({
    name,
    title,
    evidence: 'measured',
    format,
    lacksContext: true,
    plan: (target, { platform }) => ({
      edits: [],
      notes: ['It is code to copy: nothing is written. The key comes from the environment, never from the code.'],
      next: [packages, `export PUNKU_KEY="$(${commandLine(target.keyCommand, platform)})"`],
      snippet: code(quotedOf(target)).join('\n'),
    }),
  }),
)

function quotedOf({ url, model }: SetupTarget): Quoted {
  return { baseUrl: JSON.stringify(`${url}/v1`), url: JSON.stringify(url), model: JSON.stringify(model) }
}
