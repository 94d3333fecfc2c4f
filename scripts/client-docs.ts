import { KNOWN_VERSIONS } from '../src/client/compat/known-versions.ts'
import { CLIENT_TOOLS, type ClientTool } from '../src/client/tools/client-tool.ts'
import { CLIENT_NOTES, type ClientNotes } from './client-notes.ts'
import { type Behaviour, TOOLS } from './tool-behaviours.ts'

/** The pages of `docs/clients/` by their file names: one a tool, and `README.md`, which lists them. */
export function renderClientDocs(): ReadonlyMap<string, string> {
  const pages = CLIENT_NOTES.map((notes) => {
    const tool = CLIENT_TOOLS.find(({ name }) => name === notes.name)
    if (tool === undefined) throw new Error(`There is no tool ${notes.name}.`)
    return [`${notes.name}.md`, renderPage(tool, notes)] as const
  })
  return new Map([['README.md', renderIndex()], ...pages])
}

function renderIndex(): string {
  const rows = CLIENT_NOTES.map(({ name, speaks }) => {
    const title = CLIENT_TOOLS.find((tool) => tool.name === name)?.title ?? name
    return `| [${title}](${name}.md) | \`punku run ${name}\` | ${testedVersions(name) || '–'} | ${speaks.split('. ', 1)[0]?.replace(/\.$/, '')} |`
  })
  return `# Clients

One page a tool: three lines to use it, what was tested, and what is known not to work. All of them begin with
\`punku login https://GATEWAY\`, once. [run.md](../run.md), [setup.md](../setup.md) and [forward.md](../forward.md) say how the
three ways differ; \`punku doctor\` finds out what is wrong.

| tool | once, for one run | tested | speaks |
|---|---|---|---|
${rows.join('\n')}

Any other program that takes an address and a key by the variables of OpenAI, Anthropic or Ollama is run as
\`punku run PROGRAM\`; one that can send no key works through \`punku forward\`. In your own code, the [SDK](../sdk.md).
`
}

function renderPage({ name, title, programs }: ClientTool, { speaks, limits }: ClientNotes): string {
  const behaviour = TOOLS.find((tool) => tool.name === title)
  return `# ${title}

\`\`\`sh
punku login https://gateway.example.org    # once
${`punku run ${name}`.padEnd(42)} # this run alone: nothing of yours changes
${`punku setup ${name}`.padEnd(42)} # for good; --undo takes it back
\`\`\`

What it speaks: ${speaks}${programs[0] === name || programs[0] === undefined ? '' : ` \`punku run ${name}\` starts \`${programs[0]}\`.`}

## Tested

${renderTested(name)}

## Known limits

${limits.map((limit) => `- ${limit}`).join('\n')}
${behaviour === undefined ? '' : `\n## What it shows on errors\n\nRecorded with ${title} ${behaviour.version}.\n\n| status | what you read |\n|---|---|\n${Object.entries(behaviour.at).map(renderBehaviour).join('\n')}\n`}`
}

function renderTested(name: string): string {
  const claims = KNOWN_VERSIONS.filter((claim) => claim.of === name && claim.state === 'works')
  if (claims.length === 0) return 'It was not tried with the program itself.'
  return claims
    .map(({ from, said, evidence }) => `- ${from}: ${said.replace(/\.$/, '')} (${linked(evidence)})`)
    .join('\n')
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
