import { expect, test } from 'vitest'
import { explainTakenPort, waysToStop } from './taken-port.ts'

const listen = { host: '127.0.0.1', port: 11_434 }

test('who holds the port is named, and what to do', async () => {
  const ollama = { pid: process.pid, command: 'ollama', user: 'ada', isOurs: false }
  const said = await explainTakenPort(listen, ollama)
  expect(said).toContain(`127.0.0.1:11434 is held by ollama (pid ${process.pid}) of user ada.`)
  expect(said).toContain('--listen 127.0.0.1:11433, and set OLLAMA_HOST=127.0.0.1:11433')
  expect(said).toContain('stop Ollama')
  const other = { pid: undefined, command: undefined, user: 'bob', isOurs: false }
  expect(await explainTakenPort(listen, other)).toMatch(/held by another program of user bob\. .*; or stop it\.$/)
  expect(await explainTakenPort({ host: '::1', port: 80 }, undefined)).toMatch(
    /^\[::1\]:80 is held by another program\. .*\[::1\]:79/,
  )
})

test.each([
  ['linux', '0::/system.slice/ollama.service\n', 'sudo systemctl stop ollama`'],
  ['linux', '0::/user.slice/user-1000.slice/user@1000.service/app.slice/ollama.service\n', '`systemctl --user stop'],
  ['linux', '0::/system.slice/snap.ollama.listener.service\n', 'sudo snap stop ollama'],
  ['linux', '0::/user.slice/user-1000.slice/session-2.scope\n', 'Ctrl-C'],
  ['linux', '', 'where systemd runs it'],
  ['darwin', '', 'brew services stop ollama'],
  ['win32', '', 'taskbar'],
] as const)('Ollama on %s under %j is stopped as it was started', (platform, cgroup, said) => {
  expect(waysToStop(platform, cgroup)).toContain(said)
})
