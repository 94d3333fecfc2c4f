import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ControlError } from '../../../src/contract/control-error.ts'
import { answerLogin, showLogin } from '../auth.ts'
import { CodeForm } from '../parts/code-form.tsx'
import { EndState } from '../parts/end-state.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { useSearchText } from '../parts/search.ts'
import { WaitingPage } from '../parts/whole-page.tsx'
import { useMe } from '../queries.ts'

/** The page `/ui/device`: lets a command line in that shows a code. */
export function Device() {
  const [code, setCode] = useSearchText('user_code')
  // Whoever types a code may set a dash or a space in it.
  const plain = code.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase()
  const login = useQuery({
    queryKey: ['login', plain],
    queryFn: () => showLogin(plain),
    enabled: plain !== '',
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (plain === '' || login.error !== null) {
    return (
      <CodeForm
        title="Sign a command line in"
        description={
          <>
            <code>punku login</code> shows the code in its terminal.
          </>
        }
        example="ABCD2345"
        code={plain}
        onCode={setCode}
        error={login.error === null ? undefined : codeProblem(login.error)}
      />
    )
  }
  if (login.data === undefined) return <WaitingPage />
  if (login.data.status !== 'pending') {
    return (
      <EndState tone="idle" title="This code was used" action={<ToOverview />}>
        It was {login.data.status === 'approved' ? 'confirmed' : 'refused'} before. Run <code>punku login</code> again
        for another.
      </EndState>
    )
  }
  return <Decision code={plain} />
}

function Decision({ code }: { readonly code: string }) {
  const { person } = useMe()
  const answer = useMutation({ mutationFn: (what: 'approve' | 'deny') => answerLogin(code, what) })
  if (answer.isSuccess) {
    return answer.variables === 'approve' ? (
      <EndState tone="good" title="Signed in" action={<ToOverview />}>
        The terminal goes on by itself. You find this session under <b>Your account</b>, and can end it there.
      </EndState>
    ) : (
      <EndState tone="bad" title="Refused" action={<ToOverview />}>
        Nobody was let in. The terminal says so.
      </EndState>
    )
  }
  return (
    <Page title="Let this command line in?" description="Compare this code with the one in the terminal.">
      <Stack>
        <p className="big-code">{code}</p>
        <Text size="sm">
          <code>punku login</code> will be able to do whatever you may{person === null ? '' : ` as ${person.name}`}.
          Refuse it unless you started it yourself just now.
        </Text>
        <Problem error={answer.error} />
        <Group grow>
          <Button variant="default" disabled={answer.isPending} onClick={() => answer.mutate('deny')}>
            Refuse
          </Button>
          <Button loading={answer.isPending} onClick={() => answer.mutate('approve')}>
            Confirm
          </Button>
        </Group>
      </Stack>
    </Page>
  )
}

function codeProblem(error: Error): Error {
  if (!(error instanceof ControlError) || error.code !== 'invalid_request') return error
  const detail = 'No terminal waits with this code: it is wrong, or it has expired. `punku login` shows a new one.'
  return new ControlError({ code: error.code, status: error.status, detail })
}

function ToOverview() {
  return (
    <Button component={Link} to="/ui/" variant="default">
      To the overview
    </Button>
  )
}
