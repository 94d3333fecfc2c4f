import { type Command, Option } from 'commander'
import type { ControlAccess } from '../../contract/control-access.ts'
import type { ModelAliasBody, ModelRuleBody, TranslationBody } from '../../contract/model-rules.ts'
import { openControl, typedHere } from '../command-context.ts'
import { UsageError } from '../exit.ts'
import { addDefaultFlags, askedDefaults, defaultsText, unsetNames } from '../model-defaults-flags.ts'
import { print, printJson, printTableLines, remark, renderTable, visible } from '../output.ts'

interface JsonFlag {
  json?: true
}

interface RuleFlags extends JsonFlag {
  upstream?: string
  translate?: TranslationBody
  unset?: string[]
}

/** `punku models rules`, `set`, `unset`, `alias` and `unalias`: what an org says of its models. */
export function defineModelRules(models: Command): void {
  const json = () => new Option('--json', 'print JSON')
  const upstream = () => new Option('--upstream <upstream>', 'only on this upstream, by label or id (default: on all)')

  models
    .command('rules')
    .description('Show the rules for models and their other names, in the order in which they decide.')
    .addOption(json())
    .action(async (_flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      const { rules } = await control.client.call('listModelRules')
      const { aliases } = await control.client.call('listModelAliases')
      if (isJson(command)) printJson({ rules, aliases })
      else printRules(rules, aliases)
    })

  const set = models
    .command('set <match>')
    .description(
      'Set what holds for models, by name or pattern, where a request says nothing. What is not named stays.',
    )
    .addOption(upstream())
    .addOption(
      new Option(
        '--translate <when>',
        'when a request is put into another format: where its server needs it; always to Ollama’s own API, on an Ollama; never',
      ).choices(['auto', 'native', 'off']),
    )
  addDefaultFlags(set)
    .option('--unset <name...>', 'say nothing of this any more, such as num-ctx or translate')
    .addOption(json())
    .action(async (match: string, flags: RuleFlags, command: Command) => {
      const asked = askedDefaults(command.opts())
      const unset = unsetNames(flags.unset ?? [])
      if (Object.keys(asked).length === 0 && flags.translate === undefined && unset.size === 0) {
        throw new UsageError('Say what holds, such as --num-ctx 32768, or what to --unset.')
      }
      await using control = await openControl(command)
      const before = await standingRule(control, match, flags.upstream)
      const translate = flags.translate ?? (unset.has('translate') ? undefined : (before?.translate ?? undefined))
      const kept = Object.entries(before?.defaults ?? {}).filter(([name]) => !unset.has(name))
      const rule = await control.client.call('putModelRule', {
        body: {
          match,
          ...(flags.upstream !== undefined && { upstream: flags.upstream }),
          ...(translate !== undefined && { translate }),
          defaults: { ...Object.fromEntries(kept), ...asked },
          version: before?.revision ?? 0,
        },
      })
      if (isJson(command)) printJson(rule)
      else print(visible(`${rule.match}${placeText(rule)}: ${ruleText(rule)}`))
      warnUnmatched(rule, match, command)
    })

  models
    .command('unset <match>')
    .description('Remove a rule.')
    .addOption(upstream())
    .addOption(json())
    .action(async (match: string, flags: RuleFlags, command: Command) => {
      await using control = await openControl(command)
      await control.client.call('removeModelRule', { query: { match, upstream: flags.upstream } })
      if (isJson(command)) printJson({})
      else print(visible(`Removed the rule for ${match}.`))
    })

  models
    .command('alias <name> <model>')
    .description('Give a model another name, or all names of a pattern such as "claude-*".')
    .addOption(json())
    .action(async (name: string, model: string, _flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      const alias = await control.client.call('putModelAlias', { body: { name, model } })
      if (isJson(command)) printJson(alias)
      else print(visible(`${alias.name} is ${alias.model} now.`))
      warnUnmatched(alias, model, command)
      if (alias.isHidingModel) remark(`${visible(name)} is the name of a model, too: nobody can ask for that one now.`)
      if (alias.isOfAlias) {
        remark(
          `${visible(model)} is an alias itself, and aliases are not looked up again: ${visible(name)} is the model of that name. See ${typedHere(command, 'models rules')}`,
        )
      }
    })

  models
    .command('unalias <name>')
    .description('Remove another name of a model.')
    .addOption(json())
    .action(async (name: string, _flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      await control.client.call('removeModelAlias', { query: { name } })
      if (isJson(command)) printJson({})
      else print(visible(`Removed the alias ${name}.`))
    })
}

/** `models` has the flag too, and takes it wherever it stands. */
function isJson(command: Command): boolean {
  return command.optsWithGlobals<JsonFlag>().json === true
}

/** The rule that was added for the same models on the same upstream; `undefined`: there is none. */
async function standingRule(
  { client }: ControlAccess,
  match: string,
  upstream: string | undefined,
): Promise<ModelRuleBody | undefined> {
  const { rules } = await client.call('listModelRules', { query: { match } })
  return rules.find((rule) => {
    if (rule.source !== 'added') return false
    if (upstream === undefined) return rule.upstream === null
    return rule.upstream === upstream || rule.upstreamLabel === upstream
  })
}

function warnUnmatched({ isUnmatched }: Pick<ModelRuleBody, 'isUnmatched'>, name: string, command: Command): void {
  if (isUnmatched !== true) return
  remark(
    `No model that this gateway knows now matches ${visible(name)}. Those there are: ${typedHere(command, 'models')}`,
  )
}

const RULE_COLUMNS = [{ title: 'MODELS' }, { title: 'ON' }, { title: 'SAYS' }, { title: 'FROM' }]
const ALIAS_COLUMNS = [{ title: 'ALIAS' }, { title: 'MODEL' }, { title: 'FROM' }]

function printRules(rules: readonly ModelRuleBody[], aliases: readonly ModelAliasBody[]): void {
  if (rules.length === 0 && aliases.length === 0) {
    print(
      'Nothing is said of models: requests go to the models that they name, and are put into another format only where a server needs it (translate auto).',
    )
    return
  }
  if (rules.length > 0) printTableLines(renderRules(rules))
  if (rules.length > 0 && aliases.length > 0) print()
  if (aliases.length > 0) {
    printTableLines(
      renderTable(
        ALIAS_COLUMNS,
        aliases.map(({ name, model, source, isOverridden }) => [
          name,
          model,
          isOverridden ? `${source}, overridden` : source,
        ]),
      ),
    )
  }
}

/** The table of rules. */
export function renderRules(rules: readonly ModelRuleBody[]): string[] {
  const rows = rules.map((rule) => [
    rule.match,
    rule.upstreamLabel ?? rule.upstream ?? 'all',
    ruleText(rule),
    rule.source,
  ])
  return renderTable(RULE_COLUMNS, rows)
}

function ruleText({ translate, defaults }: Pick<ModelRuleBody, 'translate' | 'defaults'>): string {
  return [...(translate === null ? [] : [`translate ${translate}`]), ...defaultsText(defaults)].join(', ') || 'nothing'
}

function placeText({ upstream, upstreamLabel }: ModelRuleBody): string {
  return upstream === null ? '' : ` on ${upstreamLabel ?? upstream}`
}
