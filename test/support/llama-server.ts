import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { buildScriptedModel, type ScriptedModelOptions } from './gguf.ts'
import { type LlamaServerProgram, obtainLlamaServer } from './llama-server-program.ts'
import { watched } from './watched.ts'

export interface LlamaServerOptions extends ScriptedModelOptions {
  /** More arguments, as in `['--api-key', 'k']` or `['--embeddings', '--pooling', 'mean']`. */
  readonly args?: readonly string[]
  /** The name under which the server lists its model. Default `tiny`. */
  readonly alias?: string
}

/** A running llama-server. Disposing ends it and removes its model file. */
export interface LlamaServer extends AsyncDisposable {
  readonly port: number
  readonly origin: string
  /** The name under which the server lists its model. */
  readonly model: string
}

const START_LIMIT_MS = 100_000
const HEALTH_POLL_MS = 20
const KEPT_OUTPUT_CHARACTERS = 4_000
/** Its line of the port that the system gave it. What follows the address makes sure that all of it has come. */
const LISTENING = /listening on (http:\/\/127\.0\.0\.1:\d+)\s/

/**
 * The program, or `undefined` and one loud line where it cannot be had (no apt, no network). Under CI it throws
 * instead: there the tests against a real engine are required. For `describe.skipIf(program === undefined)`.
 */
export async function llamaServerOrSkip(): Promise<LlamaServerProgram | undefined> {
  try {
    return await obtainLlamaServer()
  } catch (error) {
    if (process.env['CI']) throw error
    process.stderr.write(`SKIPPED: the tests against a real llama-server: ${String(error)}\n`)
    return undefined
  }
}

/**
 * Starts a real llama-server on a loopback port of the system's choice with a scripted model of its own, and resolves once `/health` is
 * ok. Rejects with the end of the server's own output when it does not come up.
 */
export async function startLlamaServer(options: LlamaServerOptions = {}): Promise<LlamaServer> {
  const program = await obtainLlamaServer()
  const model = options.alias ?? 'tiny'
  const folder = await mkdtemp(join(tmpdir(), 'punku-llama-'))
  const file = join(folder, 'model.gguf')
  await writeFile(file, buildScriptedModel(options))
  const serverArgs = ['-m', file, '--alias', model, '--host', '127.0.0.1', '--port', '0', '--offline']
  const defaults = ['--no-webui', '-c', '8192', '-np', '2', '-t', '1']
  const child = watched(
    spawn(program.command, [...program.args, ...serverArgs, ...defaults, ...(options.args ?? [])], {
      env: { ...process.env, ...program.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  const exited = once(child, 'exit')
  let output = ''
  let origin: string | undefined
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT_CHARACTERS)
    origin ??= LISTENING.exec(output)?.[1]
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)

  // Nothing of it is worth keeping, and on SIGTERM it would wait for streams that a test left open.
  const kill = () => child.kill('SIGKILL')
  const stop = async () => {
    kill()
    await exited
    await rm(folder, { recursive: true, force: true })
  }
  const startedAt = performance.now()
  while (origin === undefined || !(await isHealthy(origin))) {
    const isOver = child.exitCode !== null || child.signalCode !== null
    if (isOver || performance.now() - startedAt > START_LIMIT_MS) {
      await stop()
      throw new Error(`llama-server did not come up; the end of its output:\n${output}`)
    }
    await delay(HEALTH_POLL_MS)
  }
  return { port: Number(new URL(origin).port), origin, model, [Symbol.asyncDispose]: stop }
}

/** Resolves once no slot of the server is at work. */
export async function untilIdle({ origin }: LlamaServer): Promise<void> {
  const isWorking = async () => {
    const slots = (await (await fetch(`${origin}/slots`)).json()) as readonly { readonly is_processing: boolean }[]
    return slots.some((slot) => slot.is_processing)
  }
  while (await isWorking());
}

async function isHealthy(origin: string): Promise<boolean> {
  try {
    const response = await fetch(`${origin}/health`)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
