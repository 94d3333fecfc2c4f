import { KNOWN_VERSIONS } from '../src/client/compat/known-versions.ts'
import { TOOL_PLANNERS } from '../src/client/run/tool-planners.ts'
import { SETUP_TOOLS } from '../src/client/setup/setup-tools.ts'
import { CLIENT_TOOLS } from '../src/client/tools/client-tool.ts'
import { CLIENT_NOTES, type ClientNotes } from './client-notes.ts'
import { type Behaviour, TOOLS } from './tool-behaviours.ts'

/** The pages of `docs/clients/` by their file names: one a tool, and `README.md`, which lists them. */
export function renderClientDocs(): ReadonlyMap<string, string> {
  const pages = CLIENT_NOTES.map((notes) => [`${notes.name}.md`, renderPage(notes)] as const)
  return new Map([['README.md', renderIndex()], ...pages])
}

const canRun = (name: string) => TOOL_PLANNERS.some((planner) => planner.name === name)
const setUpOf = (name: string) => SETUP_TOOLS.find((tool) => tool.name === name)

function titleOf(name: string): string {
  const title = [...CLIENT_TOOLS, ...SETUP_TOOLS].find((tool) => tool.name === name)?.title
  if (title === undefined) throw new Error(`There is no tool ${name}.`)
  return title
}

function renderIndex(): string {
  const rows = CLIENT_NOTES.map(({ name, speaks }) => {
    const ways = [canRun(name) && '`run`', setUpOf(name) && '`setup`', name === 'ollama' && '`forward`']
    return `| [${titleOf(name)}](${name}.md) | ${ways.filter(Boolean).join(', ')} | ${testedVersions(name) || '–'} | ${speaks.split('. ', 1)[0]?.replace(/\.$/, '')} |`
  })
  return `# Clients

One page a tool: the lines to use it, what was tested, and what is known not to work. All begin with
\`punku login https://GATEWAY\`, once. [\`punku run\`](../run.md) is for one run, [\`punku setup\`](../setup.md) for good, and
[\`punku forward\`](../forward.md) for what can send no key; \`punku doctor\` finds out what is wrong.

| tool | by | tested | speaks |
|---|---|---|---|
${rows.join('\n')}

Code of your own reaches the models of a tunnel by name, through the \`fetch\` of these libraries: [Punku as a library](../sdk.md).

Any other program that takes an address and a key by the variables of OpenAI, Anthropic or Ollama is run as
\`punku run PROGRAM\`.
`
}

function renderPage({ name, speaks, limits }: ClientNotes): string {
  const title = titleOf(name)
  const programs = CLIENT_TOOLS.find((tool) => tool.name === name)?.programs ?? []
  const behaviour = TOOLS.find((tool) => tool.name === title)
  const lines: readonly (readonly [typed: string, does: string] | false)[] = [
    ['punku login https://gateway.example.org', 'once'],
    canRun(name) && [`punku run ${name}`, 'this run alone: nothing of yours changes'],
    name === 'ollama' && ['punku forward', 'or: every program of this machine, until Ctrl-C'],
    setUpOf(name) !== undefined && [`punku setup ${name}`, 'for good; --undo takes back what it wrote'],
  ]
  const typed = lines.filter((line) => line !== false).map(([words, does]) => `${words.padEnd(42)} # ${does}`)
  const starts =
    programs[0] === undefined || programs[0] === name ? '' : ` \`punku run ${name}\` starts \`${programs[0]}\`.`
  const errors =
    behaviour === undefined
      ? ''
      : `\n## What it shows on errors\n\nRecorded with ${title} ${behaviour.version}.\n\n| status | what you read |\n|---|---|\n${Object.entries(behaviour.at).map(renderBehaviour).join('\n')}\n`
  return `# ${title}

\`\`\`sh
${typed.join('\n')}
\`\`\`

What it speaks: ${speaks}${starts}

## Tested

${renderTested(name)}

## Known limits

${limits.map((limit) => `- ${limit}`).join('\n')}
${errors}`
}

function renderTested(name: string): string {
  const claims = KNOWN_VERSIONS.filter((claim) => claim.of === name && claim.state === 'works').map(
    ({ from, said, evidence }) => `- ${from}: ${said.replace(/\.$/, '')} (${linked(evidence)})`,
  )
  const setUp = setUpOf(name)
  if (setUp?.evidence === 'measured') {
    claims.push(
      `- The set-up: it answered by what \`setup\` writes or shows alone (${linked('test/tools/setup.test.ts')}, or by hand)`,
    )
  } else if (setUp !== undefined)
    claims.push('- The set-up: as its makers document it; it was not tried with the program itself')
  return claims.length === 0
    ? 'It was not tried with the program itself; its requests were (`test/proxy/ollama-cli.test.ts`).'
    : claims.join('\n')
}

function linked(evidence: string): string {
  return evidence.startsWith('test/') ? `[${evidence}](../../${evidence})` : evidence
}

function testedVersions(name: string): string {
  return KNOWN_VERSIONS.filter((claim) => claim.of === name && claim.state === 'works')
    .map(({ from }) => from)
    .join(', ')
}

const SHOWN = { text: 'the gateway’s words', own: 'words of its own', hidden: 'nothing that says why' } as const

function renderBehaviour([status, { shows, asks, note }]: readonly [string, Behaviour]): string {
  const more = [asks === undefined ? '' : `asks ${asks === 1 ? 'once' : `${asks} times`}`, note ?? ''].filter(Boolean)
  return `| ${status} | ${SHOWN[shows]}${more.length === 0 ? '' : ` (${more.join('; ')})`} |`
}
