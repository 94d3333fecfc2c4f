import { ActionIcon, Button, NumberInput, Stack, Text, TextInput } from '@mantine/core'
import { IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import type { StoredSettingsBody } from '../../../src/contract/gateway.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Form } from '../parts/form.tsx'
import { formatCost } from '../parts/format.ts'
import { movedUp, type PriceRow, pricesOf, rowsOf, withRow } from './price-rows.ts'
import { useSaveSettings } from './save-settings.ts'

/** What models cost, for the owner to set. */
export function PricesForm({ settings }: { readonly settings: StoredSettingsBody }) {
  const { save, readAnew } = useSaveSettings()
  const [original, setOriginal] = useState(settings)
  const [currency, setCurrency] = useState(settings.currency)
  const [rows, setRows] = useState(() => rowsOf(settings.prices))
  const show = (stored: StoredSettingsBody) => {
    setOriginal(stored)
    setCurrency(stored.currency)
    setRows(rowsOf(stored.prices))
  }
  const change = (row: PriceRow) => setRows(rows.map((other) => (other.id === row.id ? row : other)))
  return (
    <Form
      action="Save the prices"
      onSubmit={async () => show(await save(original, { currency, prices: pricesOf(rows) }))}
      onLoadTheirs={async () => show(await readAnew())}
    >
      {(errorOf) => (
        <>
          <TextInput
            label="Currency"
            description="Three letters, as EUR."
            required
            withAsterisk={false}
            minLength={3}
            maxLength={3}
            pattern="[A-Z]{3}"
            className="settings-currency"
            value={currency}
            error={errorOf('currency')}
            onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())}
          />
          {rows.length === 0 ? (
            <Text size="sm" c="dimmed">
              No prices: usage is counted in tokens alone.
            </Text>
          ) : (
            <Stack component="ol" gap="sm" className="price-rows">
              {rows.map((row, at) => (
                <li key={row.id} className="price-row">
                  <PriceFields row={row} at={at} onChange={change} errorOf={errorOf} />
                  <div className="price-buttons">
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      size="lg"
                      style={at === 0 ? { visibility: 'hidden' } : {}}
                      aria-label={`Move the price of ${nameOf(row)} up`}
                      onClick={() => setRows(movedUp(rows, at))}
                    >
                      <IconArrowUp size={17} aria-hidden />
                    </ActionIcon>
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      size="lg"
                      aria-label={`Remove the price of ${nameOf(row)}`}
                      onClick={() => setRows(rows.filter(({ id }) => id !== row.id))}
                    >
                      <IconTrash size={17} aria-hidden />
                    </ActionIcon>
                  </div>
                </li>
              ))}
            </Stack>
          )}
          <div>
            <Button
              variant="default"
              size="xs"
              leftSection={<IconPlus size={14} aria-hidden />}
              disabled={rows.length >= 200}
              onClick={() => setRows(withRow(rows))}
            >
              Add a price
            </Button>
          </div>
        </>
      )}
    </Form>
  )
}

/** What models cost, to look at. */
export function PricesTable({ settings }: { readonly settings: StoredSettingsBody }) {
  const { prices, currency } = settings
  if (prices.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        No prices are set: usage is counted in tokens alone.
      </Text>
    )
  }
  return (
    <DataTable
      label="Prices"
      rows={prices}
      rowKey={({ models }) => models}
      columns={[
        { name: 'Models', isHeading: true, cell: ({ models }) => models },
        { name: 'In', isNumber: true, cell: ({ promptPerMillion }) => formatCost(promptPerMillion, currency) },
        { name: 'Out', isNumber: true, cell: ({ completionPerMillion }) => formatCost(completionPerMillion, currency) },
        {
          name: 'From the cache',
          isNumber: true,
          cell: ({ promptPerMillion, cachedPerMillion = promptPerMillion }) => formatCost(cachedPerMillion, currency),
        },
      ]}
    />
  )
}

function PriceFields(props: {
  readonly row: PriceRow
  readonly at: number
  readonly onChange: (row: PriceRow) => void
  readonly errorOf: (param: string) => string | undefined
}) {
  const { row, at, onChange, errorOf } = props
  const amounts = [
    { field: 'prompt', label: 'In', param: 'promptPerMillion', placeholder: '0' },
    { field: 'completion', label: 'Out', param: 'completionPerMillion', placeholder: '0' },
    { field: 'cached', label: 'Cached', param: 'cachedPerMillion', placeholder: 'as in' },
  ] as const
  return (
    <>
      <TextInput
        label="Models"
        placeholder="qwen*"
        required
        withAsterisk={false}
        maxLength={512}
        value={row.models}
        error={errorOf(`prices.${at}.models`)}
        onChange={(event) => onChange({ ...row, models: event.currentTarget.value })}
      />
      {amounts.map(({ field, label, param, placeholder }) => (
        <NumberInput
          key={field}
          label={label}
          placeholder={placeholder}
          min={0}
          max={1_000_000}
          decimalScale={6}
          hideControls
          value={row[field]}
          error={errorOf(`prices.${at}.${param}`)}
          onChange={(value) => onChange({ ...row, [field]: typeof value === 'number' ? value : '' })}
        />
      ))}
    </>
  )
}

function nameOf({ models }: PriceRow): string {
  return models === '' ? 'no model yet' : models
}
