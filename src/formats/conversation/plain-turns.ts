import type { ImagePart, TextPart, Turn } from './conversation.ts'

type UserTurn = Extract<Turn, { role: 'user' }>
type UserParts = (TextPart | ImagePart)[]

/**
 * The same turns as the templates of most models take them: one system turn, and that first; no two user turns in a row;
 * pictures in user turns alone. What a system turn in the middle says stands in the user turn behind it, marked: moved to the
 * front it would be read before its time, and spoil the cache of what comes before.
 */
export function plainTurns(turns: readonly Turn[]): readonly Turn[] {
  return withPicturesBehindTools(withSystemFirst(turns))
}

/** The same but for pictures, which stay where they are: in results of tools too. */
export function withSystemFirst(turns: readonly Turn[]): readonly Turn[] {
  const isFirst = turns.findIndex(({ role }) => role !== 'system')
  const leading = turns.slice(0, isFirst === -1 ? turns.length : isFirst)
  const plain: Turn[] = []
  const system = leading.flatMap((turn) => (turn.role === 'system' && turn.text !== '' ? [turn.text] : [])).join('\n\n')
  if (system !== '') plain.push({ role: 'system', text: system })
  let grown: UserParts = []
  for (const turn of turns.slice(leading.length)) {
    if (turn.role === 'system') {
      grown = addToUser(plain, grown, [{ kind: 'text', text: `<system>\n${turn.text}\n</system>` }])
    } else if (turn.role === 'user') grown = addToUser(plain, grown, turn.parts)
    else plain.push(turn)
  }
  return plain
}

/** The parts of the last turn grow in place: copied for each turn, many turns in a row would hold the loop for minutes. */
function addToUser(turns: Turn[], grown: UserParts, parts: UserTurn['parts']): UserParts {
  const isNext = turns.at(-1)?.role === 'user'
  const own = isNext ? grown : []
  for (const part of parts) own.push(part)
  if (!isNext) turns.push({ role: 'user', parts: own })
  return own
}

/** The pictures that tools gave, in a user turn behind the last of these tools. */
function withPicturesBehindTools(turns: readonly Turn[]): readonly Turn[] {
  const plain: Turn[] = []
  let pictures: UserParts = []
  for (const turn of turns) {
    if (turn.role !== 'tool' && pictures.length > 0) {
      if (turn.role === 'user') {
        plain.push({ role: 'user', parts: [...pictures, ...turn.parts] })
        pictures = []
        continue
      }
      plain.push({ role: 'user', parts: pictures })
      pictures = []
    }
    if (turn.role === 'tool') {
      const own = turn.parts.filter((part) => part.kind === 'image')
      if (own.length > 0) {
        pictures.push({ kind: 'text', text: `Pictures that the tool ${turn.name ?? turn.callId} gave:` })
        for (const picture of own) pictures.push(picture)
        plain.push({ ...turn, parts: turn.parts.filter((part) => part.kind === 'text') })
        continue
      }
    }
    plain.push(turn)
  }
  if (pictures.length > 0) plain.push({ role: 'user', parts: pictures })
  return plain
}
