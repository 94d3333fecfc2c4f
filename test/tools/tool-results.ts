type Body = Readonly<Record<string, unknown>>

/** What a request says that the tools have answered so far, in any dialect: one text each. */
export function toolResults(body: Body): string[] {
  return [...listOf(body['messages']), ...listOf(body['input'])].flatMap((item) => {
    if (item['role'] === 'tool') return [textOf(item['content'])]
    if (item['type'] === 'function_call_output') return [textOf(item['output'])]
    return listOf(item['content']).flatMap((block) =>
      block['type'] === 'tool_result' ? [textOf(block['content'])] : [],
    )
  })
}

/** Those that it says in role `tool`. */
export function inRoleTool(body: Body): string[] {
  return toolResults({ messages: listOf(body['messages']).filter(({ role }) => role === 'tool') })
}

/** The names of all the tools that a request offers, in any dialect. */
export function toolNames(body: Body): string[] {
  return listOf(body['tools']).flatMap((tool) => {
    const { name } = { ...tool, ...(tool['function'] as Body | undefined) } as Body
    return typeof name === 'string' ? [name] : []
  })
}

/** Whether a request offers a search of the web that the server would do. */
export function offersWebSearch(body: Body): boolean {
  return listOf(body['tools']).some(({ type }) => String(type).startsWith('web_search'))
}

function listOf(value: unknown): Body[] {
  return Array.isArray(value) ? value.filter((item): item is Body => typeof item === 'object' && item !== null) : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '')
}
