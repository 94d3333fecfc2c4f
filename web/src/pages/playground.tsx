import { Button } from '@mantine/core'
import { IconMessage, IconTrash } from '@tabler/icons-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { groupModels, type ModelGroup, preferredModel } from '../models/model-groups.ts'
import { NoModels } from '../models/no-models.tsx'
import { CopyLine } from '../parts/copy-line.tsx'
import { Empty } from '../parts/empty.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { useSearchText } from '../parts/search.ts'
import { WaitingPage } from '../parts/whole-page.tsx'
import { chatRequest, curlLine } from '../playground/chat-request.ts'
import { Composer } from '../playground/composer.tsx'
import '../playground/playground.css'
import { SettingsPanel } from '../playground/settings-panel.tsx'
import { TurnView } from '../playground/turn-view.tsx'
import { type ChatSettings, messagesOf, type Turn, useChat } from '../playground/use-chat.ts'
import { useMe, useModels, useUpstreams } from '../queries.ts'

/** The page `/ui/playground`: a small talk with any model, straight through the gateway's own API. */
export function Playground() {
  const models = useModels()
  const upstreams = useUpstreams()
  const groups = useMemo(
    () => models.data && groupModels(models.data).filter(({ isEmbedding }) => !isEmbedding),
    [models.data],
  )
  const first = groups && preferredModel(groups)
  return (
    <Page
      title="Playground"
      description="Talk to any model through this gateway, as your clients do. Nothing is kept: what was said goes when you leave."
    >
      <Problem error={models.error} onRetry={() => void models.refetch()} />
      {models.isPending && <WaitingPage />}
      {groups !== undefined &&
        (first === undefined ? (
          <NoModels hasUpstreams={(upstreams.data?.length ?? 0) > 0} />
        ) : (
          <Talk models={groups} first={first.id} />
        ))}
    </Page>
  )
}

function Talk({ models, first }: { readonly models: readonly ModelGroup[]; readonly first: string }) {
  const { publicUrl } = useMe()
  const { data: upstreams } = useUpstreams()
  const [named, setNamed] = useSearchText('model')
  const [rest, setRest] = useState<Omit<ChatSettings, 'model'>>({
    dialect: 'openai',
    system: '',
    temperature: undefined,
    maxTokens: undefined,
  })
  const [text, setText] = useState('')
  const chat = useChat()
  const bottom = useStickToBottom(chat.turns)
  const settings = { ...rest, model: named === '' ? first : named }
  const draft = text.trim()
  const messages = [...messagesOf(chat.turns), { role: 'user', text: draft === '' ? 'Hello!' : draft } as const]
  const send = () => {
    if (draft === '') return
    setText('')
    bottom.stick()
    chat.ask(settings, draft)
  }
  return (
    <div className="playground">
      <div className="playground-talk">
        <div className="playground-log" role="log" aria-label="The talk" aria-busy={chat.isBusy}>
          {chat.turns.length === 0 && (
            <Empty icon={IconMessage} title={`Say something to ${settings.model}`}>
              It answers under a key of its own, which ends when you leave this page.
            </Empty>
          )}
          {chat.turns.map((turn) => (
            <TurnView key={turn.id} turn={turn} upstream={labelOf(turn, upstreams)} />
          ))}
        </div>
        <Composer text={text} onChange={setText} onSend={send} onStop={chat.stop} isBusy={chat.isBusy} />
      </div>
      <div className="playground-side">
        <SettingsPanel
          settings={settings}
          models={models}
          onChange={({ model, ...others }) => {
            setRest(others)
            if (model !== settings.model) setNamed(model)
          }}
        />
        <details className="folded playground-curl">
          <summary>The same with curl</summary>
          <CopyLine text={curlLine(publicUrl, chatRequest({ ...settings, messages }))} />
        </details>
        {chat.turns.length > 0 && (
          <Button
            variant="default"
            leftSection={<IconTrash size={16} aria-hidden />}
            disabled={chat.isBusy}
            onClick={chat.clear}
          >
            Begin anew
          </Button>
        )}
      </div>
    </div>
  )
}

function labelOf(
  { upstream }: Turn,
  upstreams: readonly { readonly id: string; readonly label: string }[] | undefined,
): string | undefined {
  return upstreams?.find(({ id }) => id === upstream)?.label ?? upstream
}

/** Follows what grows at the end of the page, unless the reader has scrolled away from it. */
function useStickToBottom(grows: readonly unknown[]): { readonly stick: () => void } {
  const isStuck = useRef(true)
  useEffect(() => {
    const onScroll = () => {
      const { scrollHeight } = document.documentElement
      isStuck.current = window.innerHeight + window.scrollY > scrollHeight - 80
    }
    window.addEventListener('scroll', onScroll, { passive: true })
    return () => window.removeEventListener('scroll', onScroll)
  }, [])
  useEffect(() => {
    if (isStuck.current && grows.length > 0) window.scrollTo({ top: document.documentElement.scrollHeight })
  }, [grows])
  return {
    stick: () => {
      isStuck.current = true
    },
  }
}
