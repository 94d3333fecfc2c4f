import { Button, Loader, Text } from '@mantine/core'
import { IconLink, IconLinkOff, IconShieldCheck } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { ChainCheckBody } from '../../../src/control/contract/audit.ts'
import { api } from '../api.ts'
import { CopyLine } from '../parts/copy-line.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Problem } from '../parts/problem.tsx'
import { chainWords } from './chain-words.ts'

/** Looks whether a row was changed, removed or put in behind the gateway's back. */
export function VerifyChains() {
  const [isOpen, setOpen] = useState(false)
  const { data, error, isPending, mutate } = useMutation({
    mutationFn: async () => (await api('post', '/audit/verify')).chains,
  })
  const open = () => {
    setOpen(true)
    mutate()
  }
  return (
    <>
      <Button variant="default" leftSection={<IconShieldCheck size={16} aria-hidden />} onClick={open}>
        Verify the chain
      </Button>
      <Dialog isOpen={isOpen} onClose={() => setOpen(false)} title="Verify the chain" isWide>
        <Text size="sm" c="dimmed" mb="md">
          Each entry holds the hash of the one before it, so that none can be changed or taken out unseen.
        </Text>
        <div role="status" className="chains">
          {isPending && (
            <p className="with-icon">
              <Loader size="sm" /> Every entry is looked at. With many of them this takes a while.
            </p>
          )}
          <Problem error={error} onRetry={() => mutate()} />
          {data?.map((check) => (
            <Chain key={check.chain} check={check} />
          ))}
        </div>
        {data !== undefined && (
          <Text size="sm" c="dimmed" mt="md">
            Keep the last hashes somewhere else: with them it also shows when the end was cut off.
          </Text>
        )}
      </Dialog>
    </>
  )
}

function Chain({ check }: { readonly check: ChainCheckBody }) {
  const { title, detail } = chainWords(check)
  const Icon = check.isWhole ? IconLink : IconLinkOff
  return (
    <section className="chain" data-whole={check.isWhole}>
      <Icon size={22} aria-hidden />
      <div>
        <h3>{title}</h3>
        <p>{detail}</p>
        <CopyLine text={check.head} what="last hash" />
      </div>
    </section>
  )
}
