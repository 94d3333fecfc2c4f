import { expect, test } from 'vitest'
import { type ClientTool, clientTool } from '../tools/client-tool.ts'
import { installCommand, installMethod, stepsByHand } from './install-method.ts'

function tool(name: string): ClientTool {
  const found = clientTool(name)
  if (found === undefined) throw new Error(name)
  return found
}

test.each([
  [
    'claude',
    '/usr/local/bin/claude',
    '/usr/local/lib/node_modules/@anthropic-ai/claude-code/cli.js',
    'npm install --global --prefix /usr/local @anthropic-ai/claude-code@1.2.3',
  ],
  [
    'qwen',
    '/home/a/.nvm/v24/bin/qwen',
    '/home/a/.nvm/v24/lib/node_modules/@qwen-code/qwen-code/cli.js',
    'npm install --global --prefix /home/a/.nvm/v24 @qwen-code/qwen-code@1.2.3',
  ],
  [
    'aider',
    '/home/a/.local/bin/aider',
    '/home/a/.local/pipx/venvs/aider-chat/bin/aider',
    'pipx install --force aider-chat==1.2.3',
  ],
  ['aider', '/opt/aider/bin/aider', '/opt/aider/bin/aider', '/opt/aider/bin/python -m pip install aider-chat==1.2.3'],
])('%s at %s', (name, program, real, command) => {
  expect(installCommand(installMethod(tool(name), program, real), '1.2.3')?.join(' ')).toBe(command)
})

test('where no command does it, the steps are said', () => {
  const brewed = installMethod(
    tool('goose'),
    '/opt/homebrew/bin/goose',
    '/opt/homebrew/Cellar/block-goose-cli/1.0/bin/goose',
  )
  expect(brewed).toEqual({ kind: 'brew', formula: 'block-goose-cli' })
  expect(installCommand(brewed, '1.2.3')).toBeUndefined()
  expect(stepsByHand(tool('goose'), brewed, '1.2.3')).toContain('brew pin block-goose-cli')
  const claude = installMethod(
    tool('claude'),
    '/home/a/.local/bin/claude',
    '/home/a/.local/share/claude/versions/2.1.0',
  )
  expect(claude).toEqual({ kind: 'unknown' })
  expect(stepsByHand(tool('claude'), claude, '1.2.3')).toContain('npm install --global @anthropic-ai/claude-code@1.2.3')
  expect(stepsByHand(tool('ollama'), { kind: 'unknown' }, '0.14.0')).toContain('https://ollama.com/download')
})

test('what lies in a project is not installed anew: its files would have to change too', () => {
  const real = '/home/a/project/node_modules/@anthropic-ai/claude-code/cli.js'
  const inProject = installMethod(tool('claude'), '/home/a/project/node_modules/.bin/claude', real, false)
  expect(inProject).toEqual({ kind: 'unknown' })
  expect(installMethod(tool('claude'), 'C', real, true)).toMatchObject({ kind: 'npm', prefix: '/home/a/project' })
})
