import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

/** Puts a compressed form beside each file of a built dashboard that gains by it: the gateway has other work. */
export async function compressWeb(folder: string): Promise<void> {
  const assets = join(folder, 'assets')
  for (const name of await readdir(assets, { recursive: true })) {
    if (!/\.(?:js|css|svg)$/.test(name)) continue
    const path = join(assets, name)
    const bytes = await readFile(path)
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
    await writeFile(`${path}.br`, brotliCompressSync(bytes, { params }))
    await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }))
  }
}
