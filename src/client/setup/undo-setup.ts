import { ensureHome } from '../../config/home.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { EditJournal, type UndoReport } from '../edits/edit-journal.ts'

/** Takes back what was set up for a tool; a report without files where nothing was. @throws ConfigError as `EditJournal.undo` */
export async function undoSetupOf(home: string, tool: string, clock: Clock = systemClock): Promise<UndoReport> {
  const journal = new EditJournal(home, clock)
  if (!journal.owners().includes(tool)) return { owner: tool, files: [] }
  ensureHome(home)
  return await journal.undo(tool)
}
