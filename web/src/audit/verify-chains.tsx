import { Button, Text, Textarea } from '@mantine/core'
import { IconLink, IconLinkOff, IconShieldCheck } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { ChainCheckBody } from '../../../src/contract/audit.ts'
import { api } from '../api.ts'
import { CopyLine } from '../parts/copy-line.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Problem } from '../parts/problem.tsx'
import { chainWords } from './chain-words.ts'

/** Looks whether a row was changed, removed or put in behind the gateway's back. */
export function VerifyChains() {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button variant="default" leftSection={<IconShieldCheck size={16} aria-hidden />} onClick={() => setOpen(true)}>
        Verify the chain
      </Button>
      <Dialog isOpen={isOpen} onClose={() => setOpen(false)} title="Verify the chain" isWide>
        <Verification />
      </Dialog>
    </>
  )
}

function Verification() {
  const [kept, setKept] = useState('')
  const { data, error, isPending, mutate } = useMutation({
    mutationFn: async () => (await api('verifyChains', { query: { kept: keptHeads(kept) } })).chains,
  })
  return (
    <div className="chains">
      <Text size="sm">
        Each entry holds the hash of the one before it, so that none can be changed or taken out unseen. Only the end
        could be cut off: a last hash that you kept somewhere else shows that too.
      </Text>
      <Textarea
        label="Last hashes you kept"
        description="Of an earlier look. May be left out."
        autosize
        minRows={1}
        spellCheck={false}
        value={kept}
        onChange={({ currentTarget }) => setKept(currentTarget.value)}
      />
      <div>
        <Button loading={isPending} onClick={() => mutate()}>
          Verify
        </Button>
      </div>
      <div role="status" className="chains">
        <Problem error={error} />
        {!isPending && data?.map((check) => <Chain key={check.chain} check={check} />)}
      </div>
    </div>
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
        <CopyLine text={check.head} what={`last hash of ${check.chain}`} />
      </div>
    </section>
  )
}

/** What was pasted, however it was parted, as the gateway takes it. */
function keptHeads(text: string): string | undefined {
  const heads = text.split(/[\s,]+/).filter((head) => head !== '')
  return heads.length === 0 ? undefined : heads.join(',')
}
