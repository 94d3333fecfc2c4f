/** Writes the pages of `docs/`, and the files in `src/`, that are made from code. `npm run docs`; tests hold them to it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { renderConfigDocs } from '../src/config/docs.ts'
import { renderConfigJsonSchema } from '../src/config/options.ts'
import { renderClientDocs } from './client-docs.ts'
import { renderCompatibilityDocs } from './compatibility-docs.ts'
import { withControlDocs } from './control-docs.ts'
import { withErrorDocs } from './error-docs.ts'
import { withFieldDocs } from './field-docs.ts'
import { renderOperationTable } from './operation-table.ts'
import { withRouteDocs } from './route-docs.ts'
import { renderControlCalls, renderGatewayConfig } from './sdk-types.ts'

const docs = fileURLToPath(new URL('../docs/', import.meta.url))
const src = fileURLToPath(new URL('../src/', import.meta.url))

writeFileSync(`${docs}compatibility.md`, renderCompatibilityDocs())
mkdirSync(`${docs}clients`, { recursive: true })
for (const [name, text] of renderClientDocs()) writeFileSync(`${docs}clients/${name}`, text)
writeFileSync(`${docs}config.md`, renderConfigDocs())
writeFileSync(`${docs}config.schema.json`, `${JSON.stringify(renderConfigJsonSchema(), null, 2)}\n`)
execFileSync('biome', ['format', '--write', `${docs}config.schema.json`], { stdio: ['ignore', 'ignore', 'inherit'] })
writeFileSync(`${docs}api.md`, withFieldDocs(withRouteDocs(readFileSync(`${docs}api.md`, 'utf8'))))
writeFileSync(`${docs}errors.md`, withErrorDocs(readFileSync(`${docs}errors.md`, 'utf8')))
writeFileSync(`${docs}control-api.md`, withControlDocs(readFileSync(`${docs}control-api.md`, 'utf8')))
writeFileSync(`${src}contract/operation-table.ts`, renderOperationTable())
writeFileSync(`${src}sdk/control-calls.ts`, renderControlCalls())
writeFileSync(`${src}sdk/gateway-config.ts`, renderGatewayConfig())
