/** Types that no browser shows as a page or runs: what model servers answer with. */
const DATA =
  /^(?:application\/(?:json|problem\+json|x-ndjson|ndjson|jsonl|octet-stream|x-subrip)|text\/(?:plain|event-stream|vtt)|audio\/[a-z0-9.+-]+|image\/(?:png|jpeg|webp|gif))$/i
/** One type, and parameters that are each one token or one quoted text. */
const MEDIA_TYPE = /^([a-z0-9.+-]+\/[a-z0-9.+-]+) *(?:; *[a-z0-9-]+=(?:[a-z0-9._+-]+|"[a-z0-9 ._+-]*") *)*$/i
const PAGE = /html|xml|svg|multipart\/x-mixed/i

/**
 * What an upstream's answer is said to be, so that a browser never makes a page of it: the model server's own word where
 * that is a type of data, else plain text for an error and bytes for all else.
 */
export function answerType(status: number, contentType: string | readonly string[] | undefined): string {
  const type = typeof contentType === 'string' ? MEDIA_TYPE.exec(contentType)?.[1] : undefined
  if (type !== undefined && DATA.test(type)) return contentType as string
  return status >= 400 ? 'text/plain; charset=utf-8' : 'application/octet-stream'
}

/** Whether an answer is said to be a page, by any of what is said of it: no model server answers so. */
export function isPage(contentType: string | readonly string[] | undefined): boolean {
  return PAGE.test(typeof contentType === 'string' ? contentType : (contentType?.join() ?? ''))
}
