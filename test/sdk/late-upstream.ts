import { findFreePort } from '../support/free-port.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'

/** A gateway that has just started: one model server has been heard of, and the one with the model `late` has not. */
export interface LateUpstream extends AsyncDisposable {
  readonly gateway: TestGateway
  /** Each `retry-after` that was sent with a refusal. */
  readonly told: readonly (string | null)[]
  /** For a client. At a refusal the late server comes, and the client waits a millisecond in place of what it was told. */
  readonly fetch: typeof fetch
}

/** Starts it; disposing it ends all of it. */
export async function startLateUpstream(): Promise<LateUpstream> {
  await using opened = new AsyncDisposableStack()
  const port = await findFreePort()
  const heard = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  const gateway = opened.use(await startTestGateway({ upstreams: [heard.origin, `http://127.0.0.1:${port}`] }))
  const told: (string | null)[] = []
  const kept = opened.move()
  return {
    gateway,
    told,
    async fetch(input, init) {
      const response = await fetch(input, init)
      if (response.status !== 503) return response
      told.push(response.headers.get('retry-after'))
      kept.use(await startScriptedUpstream({ server: 'ollama', models: ['late'], port }))
      for (const upstream of gateway.parts.upstreams.all()) {
        // A question that was under way when the server came is shared, and fails.
        do await upstream.refresh()
        while (upstream.known.health.state !== 'up')
      }
      const headers = new Headers(response.headers)
      headers.set('retry-after-ms', '1')
      return new Response(response.body, { status: response.status, headers })
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
