import { describe, expect, test } from 'vitest'
import { CLIENT_TOOLS } from '../tools/client-tool.ts'
import type { RunTarget, ToolPlan } from './tool-plan.ts'
import { TOOL_PLANNERS, toolPlanner } from './tool-planners.ts'

const KEY = 'pk_id_secret'
const SESSION = 'run_0123456789abcdef'
const TARGET: RunTarget = {
  url: 'https://gateway.example.org/base',
  key: KEY,
  model: 'hf.co/o"rg/model:Q4',
  contextTokens: 40_000,
  maxOutputTokens: 10_000,
  headers: { 'x-punku-session': SESSION, 'x-punku-label': 'try, two' },
  pathOf: (name) => `/run/folder/${name}`,
}

const textOf = ({ args, env, files }: ToolPlan) =>
  [...args, ...Object.values(env), ...files.map(({ text }) => text)].join('\n')

test('each tool that is known has a plan, and any other word is a command', () => {
  expect(TOOL_PLANNERS.map(({ name }) => name)).toEqual(CLIENT_TOOLS.map(({ name }) => name))
  expect(toolPlanner('some-script')).toMatchObject({ name: '', isModelOptional: true })
})

describe.each(TOOL_PLANNERS.filter(({ lacksPass }) => !lacksPass))('$name', ({ plan }) => {
  const planned = plan(TARGET)

  test('gets key, address, model and session, and no key as an argument', () => {
    expect(planned.args.join('\n')).not.toContain(KEY)
    const text = textOf(planned)
    expect(text).toContain(KEY)
    expect(text).toContain('gateway.example.org')
    expect(text).toMatch(/base\W+v1|ANTHROPIC_BASE_URL\W+https:\/\/gateway.example.org\/base/)
    expect(text.replaceAll('\\', '')).toContain(TARGET.model)
    expect(text).toContain(SESSION)
  })

  test('is told of every file that is made for it, and each is well-formed', () => {
    const told = [...planned.args, ...Object.values(planned.env)]
    for (const { name, text } of planned.files) {
      expect(told).toContain(TARGET.pathOf(name))
      if (/\.(json|ya?ml)$/.test(name)) expect(() => JSON.parse(text)).not.toThrow()
    }
    for (const word of told.filter((each) => each.startsWith('/run/folder/')))
      expect(planned.files.map(({ name }) => TARGET.pathOf(name))).toContain(word)
  })
})

test('what can show no pass has none', () => {
  for (const name of ['ollama', 'some-script']) {
    const planned = toolPlanner(name).plan({ ...TARGET, url: 'http://127.0.0.1:5000', key: 'punku', model: '' })
    expect(planned.env).toMatchObject({ OLLAMA_HOST: 'http://127.0.0.1:5000' })
    expect([name, planned.args, planned.files]).toEqual([name, [], []])
  }
  expect(toolPlanner('some-script').plan({ ...TARGET, model: '' }).env).not.toHaveProperty('OPENAI_MODEL')
})

test('a header that would begin another is left out', () => {
  expect(toolPlanner('goose').plan(TARGET).env).toMatchObject({
    OPENAI_HOST: 'https://gateway.example.org',
    OPENAI_BASE_PATH: 'base/v1/chat/completions',
    OPENAI_CUSTOM_HEADERS: `x-punku-session=${SESSION}`,
  })
})

test('Codex takes its provider as one TOML value for each setting', () => {
  const { args } = toolPlanner('codex').plan(TARGET)
  expect(args.filter((word) => word !== '-c')).toEqual([
    'model="hf.co/o\\"rg/model:Q4"',
    'model_provider="punku"',
    `model_providers.punku={name="Punku",base_url="https://gateway.example.org/base/v1",env_key="PUNKU_KEY",wire_api="responses",http_headers={"x-punku-session"="${SESSION}","x-punku-label"="try, two"}}`,
    'model_context_window=40000',
    'web_search="disabled"',
  ])
})

describe('words of the person that would lead a tool elsewhere', () => {
  const refused = (tool: string, ...words: string[]) =>
    words.some((word, at) => toolPlanner(tool).conflicts.some(({ matches }) => matches(word, words[at + 1])))

  test.each([
    ['claude', '--settings', 'x.json'],
    ['claude', '--settings=x.json'],
    ['codex', 'exec', '-c', 'model_provider="x"'],
    ['codex', '-cmodel_provider="x"'],
    ['codex', '--config=model_providers.punku.base_url="x"'],
    ['codex', '--oss'],
    ['qwen', '--auth-type', 'x'],
    ['cline', '-P', 'x'],
    ['continue', '--config', 'x'],
    ['droid', '--settings', 'x'],
    ['aider', '--env-file', 'x'],
  ])('%s %s', (tool, ...words) => expect(refused(tool, ...words)).toBe(true))

  test.each([
    ['claude', '-p', 'what does --settings do'],
    ['codex', 'exec', '-c', 'model_reasoning_effort="low"', 'use -c model_provider'],
    ['aider', '--model', 'openai/other'],
    ['goose', 'session'],
  ])('but not %s %s', (tool, ...words) => expect(refused(tool, ...words)).toBe(false))
})
