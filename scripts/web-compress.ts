import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const FOLDER = join(import.meta.dirname, '../dist/web/assets')

// Compressed once, at the build: the gateway has other work for its processor.
for (const name of await readdir(FOLDER, { recursive: true })) {
  if (!/\.(?:js|css|svg)$/.test(name)) continue
  const path = join(FOLDER, name)
  const bytes = await readFile(path)
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
  await writeFile(`${path}.br`, brotliCompressSync(bytes, { params }))
  await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }))
}
