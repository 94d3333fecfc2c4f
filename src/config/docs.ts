import { type ConfigOption, listConfigGroups } from './options.ts'

const INTRODUCTION = `# Configuration

<!-- Written by \`npm run docs\` from src/config/schema.ts. -->

Punku runs with no configuration at all. What is set is taken from these places, each over the one before:

1. the defaults on this page,
2. a YAML file: \`punku.yaml\` in the state folder, or the one given with \`--config FILE\`,
3. environment variables; lists are comma separated, and an empty variable counts as not set,
4. flags of \`punku serve\`.

Groups are merged, lists are replaced. An option that does not exist is an error, and so is a value out of its range:
\`punku serve\` then names every problem and ends with status 78. An environment variable \`PUNKU_…\` that is no option
is a warning.

Durations are numbers with \`ms\`, \`s\`, \`m\`, \`h\`, \`d\` or \`w\`; sizes with \`B\`, \`KB\`, \`MB\`, \`GB\` (powers of 1000) or
\`KiB\`, \`MiB\`, \`GiB\` (powers of 1024). What can be switched off takes the word \`off\`.

The state folder is \`--home DIR\`, else \`PUNKU_HOME\`, else \`~/.config/punku\` on Linux (\`XDG_CONFIG_HOME\` is respected;
\`/var/lib/punku\` as a system service), \`~/Library/Application Support/punku\` on macOS, \`%APPDATA%\\punku\` on Windows.

Editors that know YAML schemas complete and check the file when its first line is
\`# yaml-language-server: $schema=<path or URL of config.schema.json>\`. Whole files to start from are in
[examples](../examples).
`

/** `docs/config.md`: every option with its type, default, environment name and description. */
export function renderConfigDocs(): string {
  const sections = [INTRODUCTION]
  for (const { name, description, options } of listConfigGroups()) {
    sections.push(`## ${name === '' ? 'Top level' : name}\n`)
    // A list of groups says it under its own option.
    if (description !== '' && options[0]?.path !== name) sections.push(`${description}\n`)
    sections.push(...options.map(renderOption))
  }
  return sections.join('\n')
}

function renderOption(option: ConfigOption): string {
  const facts = [option.type, presence(option)]
  if (option.env !== undefined) facts.push(`\`${option.env}\``)
  const lines = [`### ${option.path}`, '', facts.join(' · '), '', option.description]
  if (option.example !== undefined) lines.push('', `Example: \`${yaml(option.example)}\``)
  return `${lines.join('\n')}\n`
}

function presence({ path, defaultValue, isRequired }: ConfigOption): string {
  if (isRequired) return `required in \`${path.slice(0, path.lastIndexOf('.'))}\``
  return defaultValue === undefined ? 'not set' : `default \`${yaml(defaultValue)}\``
}

/** YAML in flow form, as short as it may be written. */
function yaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(yaml).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, entry]) => `${key}: ${yaml(entry)}`)
      .join(', ')} }`
  }
  return typeof value === 'string' && !/^[\w./][\w./:@-]*$/.test(value) ? JSON.stringify(value) : String(value)
}
