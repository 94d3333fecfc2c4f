/** A model server as far as its advice goes. */
export interface ExposedServer {
  /** `ollama`, `llama-server`, `vllm`, `lm-studio`; anything else gets general advice. */
  readonly server: string | undefined
  readonly port: number
}

/** How to make a model server listen on loopback only: the exact step for it on this platform. */
export function exposureFix({ server, port }: ExposedServer, platform: NodeJS.Platform): string {
  switch (server) {
    case 'ollama':
      return ollamaFix(`127.0.0.1:${port}`, platform)
    case 'llama-server':
    case 'vllm':
      return 'Start it with --host 127.0.0.1.'
    case 'lm-studio':
      return 'In LM Studio, under Developer, Server Settings, switch off "Serve on Local Network".'
    default:
      return 'Set it to listen on 127.0.0.1 only, and start it again.'
  }
}

function ollamaFix(address: string, platform: NodeJS.Platform): string {
  switch (platform) {
    case 'linux':
      return `Run: sudo systemctl edit ollama; write the lines [Service] and Environment="OLLAMA_HOST=${address}"; then run: sudo systemctl restart ollama`
    case 'darwin':
      return `Run: launchctl setenv OLLAMA_HOST "${address}"; then quit Ollama and open it again.`
    case 'win32':
      return `In Settings, under "Edit environment variables for your account", set OLLAMA_HOST to ${address}; then quit Ollama and open it again.`
    default:
      return `Set OLLAMA_HOST=${address} in its environment and start it again.`
  }
}
