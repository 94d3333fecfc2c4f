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
  plan({ url, key, model, typed }, places) {
    const file = inStateFolder(places, 'secrets', 'open-webui.env')
    const { hostname } = new URL(url)
    const isHere = /^(?:localhost|127\..*|\[::1\])$/.test(hostname)
    // In a container loopback is the container itself.
    const reached = isHere ? url.replace(hostname, 'host.docker.internal') : url
    const text = [
      `OPENAI_API_BASE_URLS=${reached}/v1`,
      `OPENAI_API_KEYS=${key.reveal()}`,
      'ENABLE_OLLAMA_API=false',
      `DEFAULT_MODELS=${model}`,
      '',
    ].join('\n')
    const start = [
      ...['docker', 'run', '-d', '-p', '127.0.0.1:3000:8080', '--env-file', file],
      ...(isHere ? ['--add-host', 'host.docker.internal:host-gateway'] : []),
      ...['-v', 'open-webui:/app/backend/data', '--name', 'open-webui', 'ghcr.io/open-webui/open-webui:main'],
    ]
    return {
      edits: [{ file, hasKey: true, format: 'whole', text }],
      notes: [
        'Open WebUI reads these variables at its first start, and keeps them in its database from then on. In one that runs already, put address and key under Admin Panel, Settings, Connections.',
        ...(isHere && places.platform === 'linux'
          ? [
              `A container does not reach the loopback address of this machine. Let the gateway listen for containers too: ${typed('serve --listen loopback --listen docker')}`,
            ]
          : []),
      ],
      next: [commandLine(start, places.platform)],
    }
  },
}
