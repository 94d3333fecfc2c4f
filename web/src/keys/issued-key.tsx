import { Button, Group, Stack, Tabs, Text } from '@mantine/core'
import type { IssuedKeyBody } from '../../../src/contract/keys.ts'
import { groupModels, preferredModel } from '../models/model-groups.ts'
import { CopyLine } from '../parts/copy-line.tsx'
import { Prose } from '../parts/prose.tsx'
import { SecretOnce } from '../parts/secret-once.tsx'
import { useMe, useModels } from '../queries.ts'
import { clientSnippets } from './snippets.ts'
import { namedModel, usableModels } from './usable-models.ts'

/** Stands in for a model where the key may use none that is known, and spells none out. */
const SOME_MODEL = 'llama3.2'

/** A key's text, shown this once, with lines to paste into clients. */
export function IssuedKey({ issued, onDone }: { readonly issued: IssuedKeyBody; readonly onDone: () => void }) {
  const { publicUrl } = useMe()
  const { data: models } = useModels()
  const usable = preferredModel(usableModels(groupModels(models ?? []), issued))
  const model = usable?.id ?? namedModel(issued) ?? SOME_MODEL
  const groups = clientSnippets(publicUrl, issued.key, model)
  return (
    <Stack>
      <SecretOnce secret={issued.key} what="key" />
      {models !== undefined && usable === undefined && (
        <Text size="sm">
          <Prose
            text={`No model to talk to that this key may use is known now. Where these lines say \`${model}\`, put one that it may use.`}
          />
        </Text>
      )}
      <Tabs defaultValue="curl" keepMounted={false}>
        <Tabs.List>
          {groups.map(({ id, name }) => (
            <Tabs.Tab key={id} value={id}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {groups.map(({ id, name, note, snippets }) => (
          <Tabs.Panel key={id} value={id} pt="sm">
            <Stack gap="sm">
              {snippets.map(({ title, text: lines }) => (
                <div key={title}>
                  {snippets.length > 1 && (
                    <Text size="sm" c="dimmed" mb={4}>
                      {title}
                    </Text>
                  )}
                  <CopyLine text={lines} what={`lines for ${name}${snippets.length > 1 ? `, ${title}` : ''}`} />
                </div>
              ))}
              {note !== '' && (
                <Text size="sm" c="dimmed">
                  <Prose text={note} />
                </Text>
              )}
            </Stack>
          </Tabs.Panel>
        ))}
      </Tabs>
      <Group justify="flex-end">
        <Button onClick={onDone}>Done, I have it</Button>
      </Group>
    </Stack>
  )
}
