import type { z } from 'zod'
import type { configSchema } from '../config/schema.ts'

/**
 * The options of `punku.yaml`, in its form. In the package's own types this is written out, so that whoever has them needs no
 * schema library.
 */
export type GatewayConfig = z.input<typeof configSchema>
