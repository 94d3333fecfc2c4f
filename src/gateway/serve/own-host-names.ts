/** Names by which containers and virtual machines are given their host. Nobody else can be behind them. */
const HOSTS_OF_GUESTS = [
  ...['host.docker.internal', 'gateway.docker.internal', 'host.containers.internal'],
  ...['host.lima.internal', 'host.orb.internal'],
] as const

/** Names of this machine, beside its addresses and `localhost`, in lower case. `hostname`: as the system has it. */
export function ownHostNames(hostname: string): readonly string[] {
  const name = hostname.toLowerCase()
  const [short = name] = name.split('.')
  return [...new Set([...HOSTS_OF_GUESTS, name, short, `${short}.local`])].filter(
    (one) => one !== '' && one !== '.local',
  )
}
