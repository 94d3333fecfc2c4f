/** What tools are for, by the names that models call them by. */
export interface ToolFamilies {
  /** They begin another agent. */
  readonly subagents: readonly string[]
  /** They look. */
  readonly shallow: readonly string[]
  /** They change. */
  readonly deep: readonly string[]
}

/**
 * The names of Claude Code; OpenCode, Qwen Code, Copilot, Cline and pi; Codex. A shell does both, and is in none: what
 * Codex reads by its shell is not seen.
 */
export const TOOL_FAMILIES: ToolFamilies = {
  subagents: ['Task', 'Agent', 'task', 'agent', 'spawn_agent', 'new_task', 'subagent'],
  shallow: [
    ...['Read', 'Grep', 'Glob', 'LS', 'NotebookRead'],
    ...['read', 'grep', 'glob', 'list', 'ls', 'find', 'view'],
    ...['read_file', 'read_many_files', 'list_directory', 'list_files', 'search_files', 'grep_search'],
    ...['search_file_content', 'list_code_definition_names', 'view_image'],
  ],
  deep: [
    ...['Edit', 'Write', 'MultiEdit', 'NotebookEdit'],
    ...['edit', 'write', 'create', 'patch', 'multiedit', 'str_replace_editor'],
    ...['write_file', 'replace', 'write_to_file', 'replace_in_file', 'apply_diff', 'edit_file'],
    ...['apply_patch'],
  ],
}
