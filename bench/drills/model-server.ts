// The model server of the drills, in a process of its own: its streams are numbered, so that what is lost, doubled or out
// of order shows. It listens on the port it is given, and says so.
import { createServer } from 'node:http'

const TOKENS = /"max_tokens":(\d+)/
const PERIOD = /"seed":(\d+)/
const MODEL = { id: 'bench', object: 'model', created: 1_767_225_600, owned_by: 'drill' }

const server = createServer(async (req, res) => {
  let body = ''
  for await (const chunk of req) body += chunk
  if (req.url === '/v1/models') return void res.end(JSON.stringify({ object: 'list', data: [MODEL] }))
  if (req.url !== '/v1/chat/completions') return void res.writeHead(404).end('{"error":{"message":"no such route"}}')
  if (!body.includes('"stream":true')) {
    res.setHeader('content-type', 'application/json')
    return void res.end(completion())
  }
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  const tokens = Number(TOKENS.exec(body)?.[1] ?? 1)
  const periodMs = Number(PERIOD.exec(body)?.[1] ?? 10)
  let sent = 0
  const timer = setInterval(() => {
    res.write(`data: ${JSON.stringify({ ...HEAD, choices: [{ index: 0, delta: { content: ` ${sent++}` } }] })}\n\n`)
    if (sent < tokens) return
    clearInterval(timer)
    res.end('data: [DONE]\n\n')
  }, periodMs)
  res.once('close', () => clearInterval(timer))
})

const HEAD = { id: 'chatcmpl-drill', object: 'chat.completion.chunk', created: MODEL.created, model: MODEL.id }

function completion(): string {
  const message = { role: 'assistant', content: 'Hello.' }
  const choices = [{ index: 0, message, finish_reason: 'stop' }]
  return JSON.stringify({
    ...HEAD,
    object: 'chat.completion',
    choices,
    usage: { prompt_tokens: 9, completion_tokens: 2 },
  })
}

server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => process.send?.(server.address()))
process.on('disconnect', () => process.exit())
