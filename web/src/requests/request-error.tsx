import { Alert } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { Prose } from '../parts/prose.tsx'
import { errorWords } from './error-words.ts'

/** Why a request failed, and what to do, in the words of the docs; and what the model server said, while that is known. */
export function RequestError({ code, serverSaid }: { readonly code: string; readonly serverSaid: string | null }) {
  const words = errorWords(code)
  return (
    <Alert color="red" variant="light" title={<code>{code}</code>} icon={<IconAlertTriangle size={20} aria-hidden />}>
      {words === undefined ? (
        'It failed with a code that this version has no words for.'
      ) : (
        <div className="request-error">
          <p>
            <Prose text={words.happened} />
          </p>
          {words.advice !== '–' && (
            <p>
              <strong>What to do:</strong> <Prose text={words.advice} />
            </p>
          )}
        </div>
      )}
      {serverSaid !== null && (
        <p className="request-said">
          <strong>The model server said:</strong> {serverSaid}
        </p>
      )}
    </Alert>
  )
}
