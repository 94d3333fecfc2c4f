import { type StdioOptions, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type FileHandle, mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { writeSecretFile } from '../../config/secret-file.ts'

/** What came of a tool that was tried with a real question, in one version of it and of Punku. */
export interface Trial {
  readonly tool: string
  readonly version: string
  /** The version of Punku. */
  readonly punku: string
  /** Epoch milliseconds. */
  readonly at: number
  readonly isWorking: boolean
  /** What it said in the end, shortened; empty where it worked. */
  readonly said: string
}

const QUESTION = 'Answer with the one word: ready'

/** How each tool answers one question without a person beside it, as arguments behind its name. */
const QUESTION_ARGS: Readonly<Record<string, (question: string) => readonly string[]>> = {
  claude: (question) => ['-p', question],
  codex: (question) => ['exec', '--skip-git-repo-check', question],
  opencode: (question) => ['run', question],
  qwen: (question) => ['-p', question],
  copilot: (question) => ['-p', question],
  cline: (question) => ['--json', question],
  continue: (question) => ['-p', question],
  pi: (question) => ['-p', question],
  droid: (question) => ['exec', question],
  aider: (question) => ['--no-git', '--no-check-update', '--yes-always', '--message', question],
  goose: (question) => ['run', '--no-session', '-t', question],
}

/** Whether a tool can be tried without a person beside it. */
export function canBeTried(tool: string): boolean {
  return QUESTION_ARGS[tool] !== undefined
}

/** Tools print kilobytes; the end is what says why. */
const MAX_OUTPUT_BYTES = 65_536
const MAX_SAID_CHARACTERS = 400

/**
 * Runs a tool once through the gateway, with one small question, in an empty folder of its own.
 * @param options.program what runs `punku`: a program and its first arguments
 * @param options.timeoutMs after which it is ended, and taken for one that does not work
 */
export async function tryTool(
  tool: string,
  options: {
    readonly program: readonly [string, ...string[]]
    readonly runFlags: readonly string[]
    readonly env: Readonly<Record<string, string | undefined>>
    readonly timeoutMs: number
  },
): Promise<Pick<Trial, 'isWorking' | 'said'>> {
  const place = await mkdtemp(join(tmpdir(), 'punku-trial-'))
  const [program, ...first] = options.program
  const args = [...first, 'run', tool, ...options.runFlags, '--', ...(QUESTION_ARGS[tool]?.(QUESTION) ?? [])]
  const cwd = join(place, 'work')
  await mkdir(cwd)
  // Into files: a daemon that a tool leaves behind would hold a pipe open.
  const [stdout, stderr] = [await open(join(place, 'stdout'), 'w+'), await open(join(place, 'stderr'), 'w+')]
  try {
    const stdio: StdioOptions = ['ignore', stdout.fd, stderr.fd]
    const child = spawn(program, args, { cwd, env: options.env, stdio, timeout: options.timeoutMs })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', resolve)
    })
    const [answer, errors] = [await endOf(stdout), await endOf(stderr)]
    const isWorking = code === 0 && answer !== ''
    return { isWorking, said: isWorking ? '' : saidIn(`${answer}\n${errors}`, code) }
  } finally {
    await Promise.all([stdout.close(), stderr.close()])
    await rm(place, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function endOf(file: FileHandle): Promise<string> {
  const { size } = await file.stat()
  const buffer = Buffer.alloc(Math.min(size, MAX_OUTPUT_BYTES))
  await file.read(buffer, 0, buffer.length, size - buffer.length)
  return buffer.toString().trim()
}

function saidIn(output: string, code: number | null): string {
  const end = output.trim().slice(-MAX_SAID_CHARACTERS)
  const how = code === null ? 'It did not end in time.' : `It ended with code ${code}.`
  return end === '' ? how : `${how} ${end}`
}

const fileSchema = z.strictObject({
  trials: z
    .array(
      z.strictObject({
        tool: z.string(),
        version: z.string(),
        punku: z.string(),
        at: z.number(),
        isWorking: z.boolean(),
        said: z.string(),
      }),
    )
    .max(500),
})

/** What was tried on this machine; empty where there is no file, or none that can be read: it is only a memory. */
export function readTrials(home: string): readonly Trial[] {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(fileOf(home), 'utf8'))).trials
  } catch {
    return []
  }
}

/** Keeps a trial in place of the one of the same versions. The state folder must stand. */
export function keepTrial(home: string, trial: Trial): void {
  const isSame = ({ tool, version, punku }: Trial) =>
    tool === trial.tool && version === trial.version && punku === trial.punku
  const trials = [...readTrials(home).filter((kept) => !isSame(kept)), trial].slice(-500)
  writeSecretFile(fileOf(home), `${JSON.stringify({ trials }, undefined, 2)}\n`)
}

function fileOf(home: string): string {
  return join(home, 'compat-trials.json')
}
