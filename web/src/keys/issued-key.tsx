import { Button, Group, Stack, Tabs, Text } from '@mantine/core'
import { groupModels, preferredModel } from '../models/model-groups.ts'
import { CopyLine } from '../parts/copy-line.tsx'
import { Prose } from '../parts/prose.tsx'
import { SecretOnce } from '../parts/secret-once.tsx'
import { useMe, useModels } from '../queries.ts'
import { clientSnippets } from './snippets.ts'

/** Stands in for a model where none is known. */
const SOME_MODEL = 'llama3.2'

/** A key's text, shown this once, with lines to paste into clients. */
export function IssuedKey({ text, onDone }: { readonly text: string; readonly onDone: () => void }) {
  const { publicUrl } = useMe()
  const { data: models } = useModels()
  const model = preferredModel(groupModels(models ?? []))?.id ?? SOME_MODEL
  return (
    <Stack>
      <SecretOnce secret={text} what="key" />
      <Tabs defaultValue="curl" keepMounted={false}>
        <Tabs.List>
          {clientSnippets(publicUrl, text, model).map(({ id, name }) => (
            <Tabs.Tab key={id} value={id}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {clientSnippets(publicUrl, text, model).map(({ id, name, note, snippets }) => (
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
