import { Button, Group, Loader, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ModelBody } from '../../../src/contract/upstreams.ts'
import { api } from '../api.ts'
import { Dialog, type DialogState } from '../parts/dialog.tsx'
import { formatBytes, formatContext, UNKNOWN } from '../parts/format.ts'
import { Problem } from '../parts/problem.tsx'
import { modelsQuery, upstreamsQuery, useModels } from '../queries.ts'
import './discover.css'

/** An upstream whose models are asked for anew. */
export interface Discovered {
  readonly id: string
  readonly label: string
}

/** Asks a model server what it has now, and shows what came. */
export function DiscoverDialog({ state }: { readonly state: DialogState<Discovered> }) {
  const { isOpen, subject, close } = state
  // What is new is told against what was known before the server was asked.
  const { data: known } = useModels()
  return (
    <Dialog isOpen={isOpen} onClose={close} title={`Models of ${subject?.label ?? ''}`}>
      {subject !== undefined && <Found upstream={subject.id} known={known} onDone={close} />}
    </Dialog>
  )
}

function Found(props: {
  readonly upstream: string
  readonly known: readonly ModelBody[] | undefined
  readonly onDone: () => void
}) {
  const { upstream, known, onDone } = props
  const queries = useQueryClient()
  const [before] = useState(known)
  const found = useQuery({
    queryKey: ['discover', upstream],
    queryFn: async () => {
      const { models } = await api('discoverModels', { params: { upstream } })
      await Promise.all([modelsQuery, upstreamsQuery].map(({ queryKey }) => queries.invalidateQueries({ queryKey })))
      return models
    },
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
  return (
    <Stack>
      {found.isFetching ? (
        <Group gap="sm" role="status">
          <Loader size="sm" aria-hidden />
          <Text size="sm">Asking the model server …</Text>
        </Group>
      ) : (
        <Outcome
          error={found.error}
          models={found.data ?? []}
          isNew={({ id }) => before?.some((model) => model.id === id && model.upstream === upstream) === false}
        />
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" disabled={found.isFetching} onClick={() => void found.refetch()}>
          Ask again
        </Button>
        <Button onClick={onDone}>Done</Button>
      </Group>
    </Stack>
  )
}

function Outcome(props: {
  readonly error: Error | null
  readonly models: readonly ModelBody[]
  readonly isNew: (model: ModelBody) => boolean
}) {
  const { error, models, isNew } = props
  if (error !== null) return <Problem error={error} title="No answer" />
  if (models.length === 0) {
    return (
      <Text size="sm" role="status">
        The server answers, and has no models. With Ollama, <code>ollama pull llama3.2</code> on its machine gives it
        one.
      </Text>
    )
  }
  return (
    <>
      <Text size="sm" role="status">
        {models.length === 1 ? 'One model.' : `${models.length} models.`}
      </Text>
      <ul className="discover-list">
        {models.map((model) => (
          <li key={model.id}>
            <span className="discover-name">
              {model.id}
              {isNew(model) && <strong className="discover-new"> new</strong>}
            </span>
            <span className="row-detail">{detailsOf(model)}</span>
          </li>
        ))}
      </ul>
    </>
  )
}

function detailsOf({ contextLength, trainedContextLength, capabilities, sizeBytes }: ModelBody): string {
  const details = [
    contextLength === null ? '' : `context ${formatContext(contextLength)}`,
    trainedContextLength === null || trainedContextLength === contextLength
      ? ''
      : `trained for ${formatContext(trainedContextLength)}`,
    (capabilities ?? []).join(', '),
    sizeBytes === null ? '' : formatBytes(sizeBytes),
  ].filter((detail) => detail !== '')
  return details.length === 0 ? UNKNOWN : details.join(' · ')
}
