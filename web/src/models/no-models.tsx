import { Button } from '@mantine/core'
import { IconBox } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { CopyLine } from '../parts/copy-line.tsx'
import { Empty } from '../parts/empty.tsx'
import { may, useMe } from '../queries.ts'

/** No model yet, and what to do about it. */
export function NoModels({ hasUpstreams }: { readonly hasUpstreams: boolean }) {
  const me = useMe()
  if (hasUpstreams) {
    return (
      <Empty
        icon={IconBox}
        title="The model servers have no models yet"
        action={<CopyLine text="ollama pull llama3.2" />}
      >
        Give one of them a model. With Ollama it is this command, on its machine; the model appears here by itself.
      </Empty>
    )
  }
  if (!may(me, 'admin')) {
    return (
      <Empty icon={IconBox} title="No models yet">
        This org has no model server. An admin of the org can connect one.
      </Empty>
    )
  }
  return (
    <Empty
      icon={IconBox}
      title="No models yet"
      action={
        <Button component={Link} to="/ui/tunnels">
          Connect a model server
        </Button>
      }
    >
      Connect the machine that has them: it opens a tunnel to this gateway, and needs no open port.
    </Empty>
  )
}
