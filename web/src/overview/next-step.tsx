import { Button } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { CopyLine } from '../parts/copy-line.tsx'
import { may, useMe, useModels } from '../queries.ts'
import { pairCommand } from '../tunnels/pair-command.ts'
import { firstRequest } from './first-request.ts'
import { STEPS, type StepName } from './steps.ts'

const TITLES: Readonly<Record<StepName, string>> = {
  models: 'Connect your models',
  key: 'Make a key',
  request: 'Ask a model',
}

/** What to do next in an empty gateway: one thing, with what comes before and after it in sight. */
export function NextStep({ step }: { readonly step: StepName }) {
  const at = STEPS.indexOf(step)
  return (
    <section className="card section next-step" aria-label="The next step">
      <ol className="next-steps">
        {STEPS.map((name, index) => (
          <li key={name} {...(index === at ? { 'aria-current': 'step' } : {})} data-done={index < at}>
            <span className="next-number" aria-hidden>
              {index < at ? <IconCheck size={15} stroke={2.4} /> : index + 1}
            </span>
            {TITLES[name]}
            {index < at && <span className="only-read">, done</span>}
          </li>
        ))}
      </ol>
      <div className="next-body">
        <h2>{TITLES[step]}</h2>
        {step === 'models' ? <ModelsStep /> : step === 'key' ? <KeyStep /> : <RequestStep />}
      </div>
    </section>
  )
}

function ModelsStep() {
  const me = useMe()
  if (!may(me, 'admin')) {
    return <p>No model server is connected to this org yet. An admin of the org can connect one.</p>
  }
  return (
    <>
      <p>Run this beside Ollama, llama.cpp, vLLM or LM Studio. No port is opened: the machine calls here.</p>
      <CopyLine text={pairCommand(me.publicUrl)} />
      <p className="dimmed">
        It runs in a checkout of Punku on that machine, after <code>npm ci</code> there. It shows a code and opens a
        page here, where you say yes. This page goes on by itself when the machine is there.
      </p>
      {me.isSystemAdmin && (
        <p>
          The models are on the gateway’s own machine or its network? <Link to="/ui/upstreams">Add their address</Link>.
        </p>
      )}
    </>
  )
}

function KeyStep() {
  return (
    <>
      <p>Every client comes with a key. It says what the client may use, and it can be ended at any time.</p>
      <p>
        <Button component={Link} to="/ui/keys">
          To the keys
        </Button>
      </p>
    </>
  )
}

function RequestStep() {
  const me = useMe()
  const { data: models } = useModels()
  const model = models?.find(({ isCloud }) => !isCloud)?.id
  return (
    <>
      <p>
        Put your key in the place of <code>pk_…</code>
        {model === undefined && ', the name of a model in the place of MODEL,'} and run this anywhere. Clients of
        OpenAI, Anthropic and Ollama work the same way, with this address as their server.
      </p>
      <CopyLine text={firstRequest(me.publicUrl, model ?? 'MODEL')} />
      <p className="next-links">
        <Link to="/ui/playground">Or ask in the playground</Link>
        <Link to="/ui/keys">Another key</Link>
      </p>
    </>
  )
}
