import { BlockList, isIP } from 'node:net'

/**
 * Addresses at which no model server stands that somebody would add through the API, and at which clouds give their
 * machines credentials: link-local ones (RFC 3927, RFC 4291 §2.5.6), and the metadata services that lie elsewhere.
 * IPv4 addresses written as IPv6 are among them.
 */
export const METADATA_ADDRESSES: BlockList = blockList()

/** Whether a URL names one of them itself. A name that leads to one is found out when it is connected to. */
export function isMetadataHost(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  return family !== 0 && METADATA_ADDRESSES.check(host, family === 6 ? 'ipv6' : 'ipv4')
}

function blockList(): BlockList {
  const list = new BlockList()
  // Amazon, Google, Microsoft, Oracle and others: 169.254.169.254; containers at Amazon: 169.254.170.2.
  list.addSubnet('169.254.0.0', 16, 'ipv4')
  list.addSubnet('fe80::', 10, 'ipv6')
  // Amazon by IPv6; Alibaba; Microsoft's wire server; Oracle.
  list.addAddress('fd00:ec2::254', 'ipv6')
  list.addAddress('100.100.100.200', 'ipv4')
  list.addAddress('168.63.129.16', 'ipv4')
  list.addAddress('192.0.0.192', 'ipv4')
  // NAT64 (RFC 6052) leads to the same addresses.
  list.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6')
  return list
}
