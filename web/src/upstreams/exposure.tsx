import { Code } from '@mantine/core'
import { IconShieldX } from '@tabler/icons-react'
import './exposure.css'
import type { UpstreamBody } from '../../../src/contract/upstreams.ts'

/** A model server that others on its network reach without a key, and how to close it. */
export function Exposure({ upstream }: { readonly upstream: UpstreamBody }) {
  return (
    <section className="card exposure">
      <IconShieldX size={22} aria-hidden className="exposure-icon" />
      <div>
        <h2 className="exposure-title">Anyone on the network can use {upstream.label} without a key</h2>
        It answers on the network, around this gateway and all its keys. <Step server={upstream.server} /> This warning
        goes away within a minute after.
      </div>
    </section>
  )
}

function Step({ server }: { readonly server: string | null }) {
  switch (server?.toLowerCase()) {
    case 'ollama':
      return (
        <>
          Set <Code>OLLAMA_HOST=127.0.0.1</Code> where Ollama is started, then start it again.
        </>
      )
    case 'llama-server':
    case 'vllm':
      return (
        <>
          Start it with <Code>--host 127.0.0.1</Code>.
        </>
      )
    case 'lm-studio':
      return <>In LM Studio, under Developer, Server Settings, switch off “Serve on Local Network”.</>
    default:
      return <>Set it to listen on 127.0.0.1 only, then start it again.</>
  }
}
