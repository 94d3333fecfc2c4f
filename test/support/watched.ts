import { type ChildProcess, spawn } from 'node:child_process'

/** Keeps a list of what runs, and at the end of its input, which is the end of whoever held the pipe, ends all of it. */
const WATCHER = `
while read -r verb entry; do
  case $verb in
    watch) set -- "$@" "$entry" ;;
    forget)
      kept=
      for each in "$@"; do [ "$each" = "$entry" ] || kept="$kept $each"; done
      set -- $kept ;;
  esac
done
for each in "$@"; do kill -s "\${each%%:*}" -- "\${each#*:}" 2>/dev/null; done
`

export interface WatchOptions {
  /** How it is ended. Default: `KILL`. */
  readonly signal?: 'KILL' | 'QUIT'
  /** It leads a process group, as `detached` makes it: then all of the group is ended. Default: false. */
  readonly isGroup?: boolean
}

let watcher: ChildProcess | undefined

/**
 * Gives back the child, which from now on does not outlive this process, however that ends: SIGKILL is no way out. Every
 * process that a test starts goes through it. Who started the child still ends it in good time.
 */
export function watched<Child extends ChildProcess>(child: Child, options: WatchOptions = {}): Child {
  const { pid } = child
  if (pid === undefined) return child
  const entry = `${options.signal ?? 'KILL'}:${options.isGroup === true ? -pid : pid}`
  watcher ??= startWatcher()
  const { stdin } = watcher
  stdin?.write(`watch ${entry}\n`)
  child.once('exit', () => stdin?.write(`forget ${entry}\n`))
  return child
}

function startWatcher(): ChildProcess {
  // A session of its own: what ends this process's group must not end the watcher before its work is done.
  const started = spawn('sh', ['-c', WATCHER], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' })
  started.unref()
  started.stdin?.on('error', () => {})
  if (started.stdin !== null && 'unref' in started.stdin) (started.stdin as { unref(): void }).unref()
  return started
}
