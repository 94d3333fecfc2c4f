import type { TestProject } from 'vitest/node'
import { startPostgresCluster } from './postgres-cluster.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The PostgreSQL the run may use; `undefined` when there is none. */
    postgresUrl: string | undefined
  }
}

/** Vitest's global set-up: `PUNKU_TEST_POSTGRES` if set, else one throw-away cluster for the run where it can be had. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['PUNKU_TEST_POSTGRES']
  const cluster = given === undefined ? await startPostgresCluster() : undefined
  project.provide('postgresUrl', given ?? cluster?.url)
  return cluster && (async () => await cluster[Symbol.asyncDispose]())
}
