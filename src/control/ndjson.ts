/** A file of objects, one a line. They are read as fast as whoever asked takes them, and no longer than they do. */
export function ndjsonFile(name: string, objects: AsyncIterable<object>): Response {
  return new Response(ReadableStream.from(linesOf(objects)), {
    headers: { 'content-type': 'application/x-ndjson', 'content-disposition': `attachment; filename="${name}"` },
  })
}

async function* linesOf(objects: AsyncIterable<object>): AsyncGenerator<Uint8Array> {
  for await (const object of objects) yield Buffer.from(`${JSON.stringify(object)}\n`)
}
