import { CODING_TOOLS } from './coding-tools.ts'
import { programOrSkip } from './program.ts'
import { REFUSALS, recordedOf, tryRefusal } from './refusals.ts'
import { ToolPlace } from './tool-place.ts'

// Prints what the coding tools do with each refusal, beside what is recorded: node test/tools/print-refusals.ts [PROGRAM…]

/** Claude Code goes on asking a server that is overloaded for more than three minutes. */
const LIMIT_MS = 400_000

const only = process.argv.slice(2)
const print = (line: string) => process.stdout.write(`${line}\n`)

print(
  '| tool | status | requests (recorded) | shows (recorded) | exit | seconds | recorded |\n|---|---|---|---|---|---|---|',
)
for (const tool of CODING_TOOLS) {
  const program = only.length === 0 || only.includes(tool.program) ? programOrSkip(tool.program) : undefined
  if (program === undefined) continue
  for (const status of REFUSALS) {
    await using place = await ToolPlace.open()
    const { requests, isShown, code, seconds } = await tryRefusal({ tool, program, place }, status, LIMIT_MS)
    const recorded = recordedOf(tool, status)
    const shows = `${isShown ? 'text' : 'no text'} (${recorded?.shows ?? '–'})`
    const counts = `${requests} (${recorded?.asks ?? '–'})`
    const end = `${code ?? 'limit'} | ${seconds.toFixed(0)}`
    print(`| ${tool.name} | ${status} | ${counts} | ${shows} | ${end} | ${recorded?.note ?? ''} |`)
  }
}
