import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { ConfigError } from '../../config/config-error.ts'
import { ensurePrivateFolder } from '../../config/home.ts'
import { readSecretFile, writeSecretFile } from '../../config/secret-file.ts'
import type { Clock } from '../../core/clock.ts'
import { DocumentFault } from './documents/document-format.ts'
import { clearBeside, deleteForeignFile, type ForeignFile, readForeignFile, writeForeignFile } from './foreign-file.ts'
import { type JournalFile, readRecord, recordedOwners, writeRecord } from './journal-record.ts'
import { changedPlaces, changesBetween, isBare, takeBack } from './our-places.ts'
import { type PlannedEdit, refusedDocument } from './plan-edits.ts'
import { lockSetups } from './setup-lock.ts'

const PRIVATE_MODE = 0o600

/** What became of one file when its set-up was taken back. */
export interface UndoneFile {
  readonly file: string
  /**
   * `restored`: byte for byte as before the set-up; `deleted`: there was none before; `edited`: somebody changed it since,
   * so only our places were put back; `unchanged`: nothing of ours was in it; `refused`: it cannot be read now, and is
   * still set up; `kept`: a file of ours that what was left of another one may read: it goes the next time.
   */
  readonly outcome: 'restored' | 'deleted' | 'edited' | 'unchanged' | 'refused' | 'kept'
  /** Places that somebody changed since, and that were left as they are. Of a file that is all ours: one empty path. */
  readonly left: readonly (readonly string[])[]
  /** Why it was refused. */
  readonly why?: string
}

/** What became of a set-up that was taken back. */
export interface UndoReport {
  readonly owner: string
  /** Empty where it was not set up. */
  readonly files: readonly UndoneFile[]
}

/** A place of ours that no longer holds what we put there. */
export interface DriftedPlace {
  readonly file: string
  /** Empty: the file as a whole, or the block in it. */
  readonly path: readonly string[]
  readonly now: 'changed' | 'gone' | 'unreadable'
}

interface Prepared {
  readonly current: ForeignFile
  readonly before: string | undefined
  readonly after: string
  readonly mode: number | undefined
  readonly firstText: string | undefined
  /** While files are written, and afterwards. */
  readonly pending: JournalFile
  readonly settled: JournalFile
}

/**
 * Changes files of other programs so that it can be taken back: `<home>/setup` holds of each set-up what it changed, and
 * each file as it was before, for this user alone. It is written before the files are, so that whatever a crash leaves
 * can be applied again or taken back.
 */
export class EditJournal {
  readonly #folder: string
  readonly #clock: Clock

  /** @param home the state folder; it must stand (`ensureHome`) */
  constructor(home: string, clock: Clock) {
    this.#folder = join(home, 'setup')
    this.#clock = clock
  }

  /** Those who have something set up. */
  owners(): readonly string[] {
    return recordedOwners(this.#folder)
  }

  /**
   * Refuses what `apply` would refuse, and changes nothing: for before the question whether to go on.
   * @throws ConfigError like `apply`
   */
  async check(owner: string, planned: readonly PlannedEdit[]): Promise<void> {
    await this.#prepare(owner, planned)
  }

  /**
   * Writes the planned files. Applied again, the same changes nothing, and other values take the place of ours: what is
   * taken back remains what was there before the first time.
   * @param owner small letters, digits and dashes, such as a tool's name
   * @throws ConfigError where a file is not as it was planned with, where one that is to be all ours is somebody else's,
   * while another set-up goes on, and for what cannot be written
   */
  async apply(owner: string, planned: readonly PlannedEdit[]): Promise<void> {
    ensurePrivateFolder(this.#folder)
    using _lock = lockSetups(this.#folder, this.#clock)
    const prepared = await this.#prepare(owner, planned)
    if (prepared.length === 0) return
    const appliedAt = this.#clock.now()
    const ours = new Set(prepared.map(({ settled }) => settled.file))
    const others = (readRecord(this.#folder, owner)?.files ?? []).filter(({ file }) => !ours.has(file))
    for (const { pending, firstText } of prepared) {
      if (pending.first !== undefined) writeSecretFile(join(this.#folder, pending.first.backup), firstText ?? '')
    }
    writeRecord(this.#folder, owner, { appliedAt, files: [...others, ...prepared.map(({ pending }) => pending)] })
    for (const { current, before, after, mode, settled } of prepared) {
      if (readForeignFile(settled.file).text !== before) throw changedMeanwhile(settled.file)
      if (after !== before) writeForeignFile(current.target, after, mode)
    }
    writeRecord(this.#folder, owner, { appliedAt, files: [...others, ...prepared.map(({ settled }) => settled)] })
  }

  /**
   * Takes a set-up back. A file that is as we left it becomes what it was, byte for byte. In one that somebody changed
   * since, only places that still hold our value are put back. A file that cannot be read stays set up.
   * @throws ConfigError while another set-up goes on, and for what cannot be written
   */
  async undo(owner: string): Promise<UndoReport> {
    ensurePrivateFolder(this.#folder)
    using _lock = lockSetups(this.#folder, this.#clock)
    const record = readRecord(this.#folder, owner)
    const done: UndoneFile[] = []
    for (const file of record?.files.toReversed() ?? []) {
      try {
        const mayBeRead = file.format === 'whole' && done.some(({ left }) => left.some((path) => path.length > 0))
        done.unshift(mayBeRead ? { file: file.file, outcome: 'kept', left: [] } : await this.#undoFile(file))
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        done.unshift({ file: file.file, outcome: 'refused', left: [], why: error.message })
      }
    }
    const stay = new Set(done.filter(({ outcome }) => /^(?:refused|kept)$/.test(outcome)).map(({ file }) => file))
    const files = record?.files.filter(({ file }) => stay.has(file)) ?? []
    writeRecord(this.#folder, owner, { appliedAt: record?.appliedAt ?? 0, files })
    return { owner, files: done }
  }

  /** The places of a set-up that no longer hold what it put there; empty as well where it is not set up. */
  async drift(owner: string): Promise<readonly DriftedPlace[]> {
    const drifted: DriftedPlace[] = []
    for (const { file, format, left, changes } of readRecord(this.#folder, owner)?.files ?? []) {
      try {
        const { text } = readForeignFile(file)
        if (text === undefined) {
          const paths = changes.length === 0 ? [[]] : changes.map(({ path }) => path)
          drifted.push(...paths.map((path) => ({ file, path, now: 'gone' as const })))
        } else if (hash(text) !== left.at(-1)) {
          const places = await changedPlaces(format, text, changes)
          drifted.push(...places.map(({ path, isGone }) => ({ file, path, now: isGone ? 'gone' : 'changed' }) as const))
        }
      } catch (error) {
        if (!(error instanceof ConfigError || error instanceof DocumentFault)) throw error
        drifted.push({ file, path: [], now: 'unreadable' })
      }
    }
    return drifted
  }

  /** One for each file that is to be changed or is recorded already. */
  async #prepare(owner: string, planned: readonly PlannedEdit[]): Promise<readonly Prepared[]> {
    const record = readRecord(this.#folder, owner)
    const known = new Map(record?.files.map((file) => [targetOf(file.file), file]))
    const byTarget = Map.groupBy(planned, ({ file }) => readForeignFile(file).target)
    const prepared: Prepared[] = []
    for (const [target, edits] of byTarget) {
      const one = await this.#prepareFile(owner, edits, known.get(target))
      if (one !== undefined) prepared.push(one)
    }
    return prepared
  }

  async #prepareFile(
    owner: string,
    planned: readonly PlannedEdit[],
    known: JournalFile | undefined,
  ): Promise<Prepared | undefined> {
    const [{ file, before, edit } = noEdit()] = planned
    const after = planned.at(-1)?.after ?? ''
    const current = readForeignFile(known?.file ?? file)
    if (current.text !== before) throw changedMeanwhile(file)
    const isOurs = known !== undefined && isKnown(before, known)
    // Nothing to write, and nothing that an interrupted set-up left to be settled.
    const isSettled = known === undefined || !isOurs || known.left.length === 1
    if (before === after && isSettled) return undefined
    if (edit.format === 'whole' && before !== undefined && !isOurs) {
      throw new ConfigError([
        `${file} is there already, and is not as Punku wrote it. Move it away, and try again. Nothing was changed.`,
      ])
    }
    const edits = planned.map((one) => one.edit)
    try {
      const firstText = await this.#firstText(before, known, isOurs)
      const changes = await changesBetween(edit.format, { first: firstText ?? '', after }, edits, known?.changes ?? [])
      const hasKey = edits.some((one) => one.hasKey === true)
      const settled: JournalFile = {
        file: known?.file ?? file,
        format: edit.format,
        ...(firstText === undefined
          ? {}
          : { first: firstOf(owner, file, firstText, known?.first?.mode ?? current.mode ?? PRIVATE_MODE) }),
        madeFolders: known?.madeFolders ?? [...current.missingFolders],
        left: [hash(after)],
        changes: [...changes],
      }
      const left = isOurs && before !== undefined ? [...known.left, hash(before), hash(after)] : [hash(after)]
      const pending = { ...settled, left, changes: withEarlier(settled, known) }
      return { current, before, after, mode: hasKey ? PRIVATE_MODE : current.mode, firstText, pending, settled }
    } catch (error) {
      throw error instanceof DocumentFault ? refusedDocument(file, edit.format, error) : error
    }
  }

  /** What the file would be without us: as it was at first, with what somebody changed since. `undefined`: it would not be there. */
  async #firstText(
    before: string | undefined,
    known: JournalFile | undefined,
    isOurs: boolean,
  ): Promise<string | undefined> {
    if (known === undefined || before === undefined) return before
    if (isOurs && known.first === undefined) return undefined
    const backup = isOurs ? this.#backup(known) : undefined
    if (backup !== undefined) return backup
    const { text } = await takeBack(known.format, before, known.changes)
    return known.first === undefined && isBare(text) ? undefined : text
  }

  #backup({ first }: JournalFile): string | undefined {
    return first === undefined ? undefined : readSecretFile(join(this.#folder, first.backup))
  }

  async #undoFile(known: JournalFile): Promise<UndoneFile> {
    const { file, format, first, changes, madeFolders } = known
    const { target, text, mode } = readForeignFile(file)
    clearBeside(target, madeFolders)
    if (text === undefined || hash(text) === first?.sha256) return { file, outcome: 'unchanged', left: [] }
    const backup = this.#backup(known)
    const isAsLeft = known.left.includes(hash(text))
    if (isAsLeft && first === undefined) {
      deleteForeignFile(target, madeFolders)
      return { file, outcome: 'deleted', left: [] }
    }
    if (isAsLeft && backup !== undefined) {
      writeForeignFile(target, backup, first?.mode)
      return { file, outcome: 'restored', left: [] }
    }
    try {
      const { text: rest, left } = await takeBack(format, text, changes)
      if (first === undefined && left.length === 0 && isBare(rest)) {
        deleteForeignFile(target, madeFolders)
        return { file, outcome: 'deleted', left }
      }
      if (rest === text) return { file, outcome: 'unchanged', left }
      writeForeignFile(target, rest, left.length === 0 ? (first?.mode ?? mode) : mode)
      return { file, outcome: 'edited', left }
    } catch (error) {
      throw error instanceof DocumentFault ? refusedDocument(file, format, error) : error
    }
  }
}

function noEdit(): PlannedEdit {
  throw new TypeError('a file without an edit')
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function firstOf(owner: string, file: string, text: string, mode: number): NonNullable<JournalFile['first']> {
  const sha256 = hash(text)
  return { sha256, mode, backup: `${owner}.${hash(`${file}\n${sha256}`).slice(0, 16)}.old` }
}

/** A record may hold a file that cannot be read now; then it is no file that is planned. */
function targetOf(file: string): string {
  try {
    return readForeignFile(file).target
  } catch (error) {
    if (error instanceof ConfigError) return file
    throw error
  }
}

/** Whether the text is one that we left there, or the one from before us. */
function isKnown(text: string | undefined, known: JournalFile): boolean {
  if (text === undefined) return known.first === undefined
  return known.left.includes(hash(text)) || hash(text) === known.first?.sha256
}

/** While files are written a place may still hold what we put there the time before. */
function withEarlier({ changes }: JournalFile, known: JournalFile | undefined): JournalFile['changes'] {
  const nameOf = ({ path, item }: JournalFile['changes'][number]) => JSON.stringify([path, item])
  const earlier = new Map(known?.changes.map((change) => [nameOf(change), change.news]))
  return changes.map((change) => ({ ...change, news: [...(earlier.get(nameOf(change)) ?? []), ...change.news] }))
}

function changedMeanwhile(file: string): ConfigError {
  return new ConfigError([`${file} was changed by somebody else meanwhile. Try again.`])
}
