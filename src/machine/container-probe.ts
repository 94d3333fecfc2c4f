import type { RunProgram } from './run-program.ts'

/** Small images that have `nc`. */
const IMAGE = /^(?:docker\.io\/(?:library\/)?)?(?:busybox|alpine):\S+$/m

/** Exit codes of `docker run` itself, and of a program in it that is not there. */
const FIRST_OWN_STATUS = 125

/**
 * Tries a port from inside of a container on the network of that bridge: from an image that is there, which is started
 * without rights, ends by itself in three seconds and is removed. `undefined`: there is no Docker, no such image, or it
 * could not be started.
 */
export async function containerProbe(
  run: RunProgram,
  interfaceName: string,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<'reached' | 'refused' | undefined> {
  const images = await run('docker', ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}'])
  const image = images?.status === 0 ? IMAGE.exec(images.stdout)?.[0] : undefined
  if (image === undefined) return undefined
  const network = interfaceName === 'docker0' ? 'bridge' : interfaceName.replace(/^br-/, '')
  const limits = ['--rm', '--pull', 'never', '--network', network, '--cap-drop', 'ALL', '--read-only']
  const end = await run('docker', ['run', ...limits, image, 'nc', '-z', '-w', '3', address, String(port)])
  if (end === undefined || end.status >= FIRST_OWN_STATUS) return undefined
  return end.status === 0 ? 'reached' : 'refused'
}
