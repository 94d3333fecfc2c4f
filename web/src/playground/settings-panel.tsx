import { Badge, NativeSelect, NumberInput, SegmentedControl, Stack, Text, Textarea } from '@mantine/core'
import { IconCloud } from '@tabler/icons-react'
import { useState } from 'react'
import type { ModelGroup } from '../models/model-groups.ts'
import type { ChatDialect } from './chat-request.ts'
import type { ChatSettings } from './use-chat.ts'

const DIALECTS: { readonly value: ChatDialect; readonly label: string }[] = [
  { value: 'openai', label: 'OpenAI' },
  { value: 'anthropic', label: 'Anthropic' },
  { value: 'ollama', label: 'Ollama' },
]

/** Which model is asked, in which API, and how. */
export function SettingsPanel(props: {
  readonly settings: ChatSettings
  readonly onChange: (settings: ChatSettings) => void
  readonly models: readonly ModelGroup[]
}) {
  const { settings, onChange, models } = props
  // On a phone it would push the talk off the screen.
  const [isUnfolded, setUnfolded] = useState(() => window.matchMedia('(width >= 62em)').matches)
  const isKnown = models.some(({ id }) => id === settings.model)
  const choices = models.map(({ id, name, isLoaded }) => ({
    value: id,
    label: isLoaded === true ? `${name} (loaded)` : name,
  }))
  const chosen = models.find(({ id }) => id === settings.model)
  return (
    <Stack component="section" className="card playground-settings" aria-label="Settings">
      <NativeSelect
        label="Model"
        data={isKnown ? choices : [{ value: settings.model, label: settings.model }, ...choices]}
        value={settings.model}
        onChange={(event) => onChange({ ...settings, model: event.currentTarget.value })}
      />
      {chosen?.isCloud === true && (
        <Text size="xs" c="dimmed">
          <Badge variant="default" size="xs" leftSection={<IconCloud size={11} aria-hidden />}>
            cloud
          </Badge>{' '}
          It runs on somebody else’s machine: what you write leaves yours.
        </Text>
      )}
      <details className="playground-how" open={isUnfolded} onToggle={(event) => setUnfolded(event.currentTarget.open)}>
        <summary>How it is asked</summary>
        <Stack mt="sm">
          <div>
            <Text size="sm" fw={600} mb={4} id="playground-dialect">
              API
            </Text>
            <SegmentedControl
              fullWidth
              aria-labelledby="playground-dialect"
              data={DIALECTS}
              value={settings.dialect}
              onChange={(dialect) => onChange({ ...settings, dialect })}
            />
          </div>
          <Textarea
            label="System prompt"
            rows={3}
            placeholder="None"
            value={settings.system}
            onChange={(event) => onChange({ ...settings, system: event.currentTarget.value })}
          />
          <div className="playground-numbers">
            <NumberInput
              label="Temperature"
              placeholder="Default"
              min={0}
              max={2}
              step={0.1}
              decimalScale={2}
              value={settings.temperature ?? ''}
              onChange={(value) => onChange({ ...settings, temperature: numberOf(value) })}
            />
            <NumberInput
              label="Max tokens"
              placeholder="Default"
              min={1}
              max={1_000_000}
              step={256}
              allowDecimal={false}
              value={settings.maxTokens ?? ''}
              onChange={(value) => onChange({ ...settings, maxTokens: numberOf(value) })}
            />
          </div>
        </Stack>
      </details>
    </Stack>
  )
}

function numberOf(value: string | number): number | undefined {
  return typeof value === 'number' ? value : undefined
}
