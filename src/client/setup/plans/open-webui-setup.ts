import { commandLine } from '../../../config/own-command.ts'
import { inStateFolder } from '../place-paths.ts'
import type { SetupTool } from '../setup-plan.ts'

/** Open WebUI: a file of variables of ours, which its container is started with. */
export const openWebuiSetup: SetupTool = {
  name: 'open-webui',
  title: 'Open WebUI',
  evidence: 'documented',
  format: 'openai-chat',
  lacksContext: true,
  plan({ url, key, model }, places) {
    const file = inStateFolder(places, 'secrets', 'open-webui.env')
    const { hostname } = new URL(url)
    const isHere = /^(?:localhost|127\..*|\[::1\])$/.test(hostname)
    // In a container loopback is the container itself. On Linux it can have the network of the machine; elsewhere Docker
    // runs in a machine of its own, which passes on what is sent to this name.
    const sharesNetwork = isHere && places.platform === 'linux'
    const reached = isHere && !sharesNetwork ? url.replace(hostname, 'host.docker.internal') : url
    const text = [
      `OPENAI_API_BASE_URLS=${reached}/v1`,
      `OPENAI_API_KEYS=${key.reveal()}`,
      'ENABLE_OLLAMA_API=false',
      `DEFAULT_MODELS=${model}`,
      ...(sharesNetwork ? ['HOST=127.0.0.1', 'PORT=3000'] : []),
      '',
    ].join('\n')
    const start = [
      ...['docker', 'run', '-d', '--env-file', file],
      ...(sharesNetwork ? ['--network=host'] : ['-p', '127.0.0.1:3000:8080']),
      ...['-v', 'open-webui:/app/backend/data', '--name', 'open-webui', 'ghcr.io/open-webui/open-webui:main'],
    ]
    return {
      edits: [{ file, hasKey: true, format: 'whole', text }],
      notes: [
        'Open WebUI reads these variables at its first start, and keeps them in its database from then on. In one that runs already, put address and key under Admin Panel, Settings, Connections.',
        ...(sharesNetwork
          ? [
              'The gateway listens on loopback, which a container with a network of its own does not reach: this one shares the network of the machine (--network=host), and listens on loopback too.',
            ]
          : []),
      ],
      next: [commandLine(start, places.platform), 'Open http://127.0.0.1:3000 in a browser.'],
    }
  },
}
