import { expect, test } from 'vitest'
import { findProgram } from './find-program.ts'

/** The files of a machine, by their texts. */
const filesOf = (texts: Readonly<Record<string, string>>) => ({
  isProgram: (path: string) => path in texts,
  textOf: (path: string) => texts[path] ?? '',
})

test('the first folder of PATH that has it', () => {
  const files = filesOf({ '/b/tool': '', '/c/tool': '' })
  expect(findProgram('tool', { PATH: '/a:/b:/c' }, 'linux', files)).toEqual({ file: '/b/tool', args: [] })
  expect(findProgram('/c/tool', { PATH: '/b' }, 'linux', files)).toEqual({ file: '/c/tool', args: [] })
  expect(findProgram('none', { PATH: '/b' }, 'linux', files)).toBeUndefined()
  expect(findProgram('tool', {}, 'linux', files)).toBeUndefined()
})

test('on Windows endings are tried, and what npm put there is looked behind', () => {
  const shim = (target: string) => `@ECHO off\r\nendLocal & goto #_undefined_# || "%_prog%"  "%dp0%\\${target}" %*\r\n`
  const files = filesOf({
    'C:\\npm\\codex.CMD': shim('node_modules\\@openai\\codex\\bin\\codex.js'),
    'C:\\npm\\claude.CMD': shim('node_modules\\claude\\claude.exe'),
    'C:\\npm\\own.CMD': '@echo own',
    'C:\\bin\\ollama.EXE': '',
  })
  const find = (name: string) => findProgram(name, { Path: 'C:\\npm;C:\\bin', PATHEXT: '.EXE;.CMD' }, 'win32', files)
  expect(find('codex')).toEqual({
    file: process.execPath,
    args: ['C:\\npm\\node_modules\\@openai\\codex\\bin\\codex.js'],
  })
  expect(find('claude')).toEqual({ file: 'C:\\npm\\node_modules\\claude\\claude.exe', args: [] })
  expect(find('ollama')).toEqual({ file: 'C:\\bin\\ollama.EXE', args: [] })
  expect(find('own')).toBeUndefined()
})
