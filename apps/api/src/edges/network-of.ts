import { BlockList, isIP, isIPv6 } from 'node:net';

/** Longer is no address: what a proxy that is trusted may claim. */
const LONGEST = 64;

/**
 * What an address is counted as: whoever has an IPv6 address has 2^64 of them, so the network's half stands for it. An IPv4
 * address written as an IPv6 one (RFC 4291, 2.5.5.2) is itself.
 */
export function networkOf(address: string): string {
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return plain.slice(0, LONGEST);
  const groups = groupsOf(plain);
  const mapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  return mapped ? groups.slice(6).flatMap(bytesOf).join('.') : `${groups.slice(0, 4).join(':')}::/64`;
}

const local = new BlockList();
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const) {
  local.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  local.addSubnet(network, prefix, 'ipv6');
}

/** Whether an address is one of this machine or of a private network (RFC 1918, 3927, 4193, 4291): nobody's on the internet. */
export function isLocal(address: string): boolean {
  const [plain = ''] = address.split('%');
  const version = isIP(plain);
  return version !== 0 && local.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

/** The eight groups, in lower case and without leading zeros. */
function groupsOf(address: string): string[] {
  // The one canonical form (WHATWG URL): no dots, the longest zeros left out.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const given = (part: string | undefined) => (part ? part.split(':') : []);
  const zeros = tail === undefined ? 0 : 8 - given(head).length - given(tail).length;
  return [...given(head), ...Array<string>(zeros).fill('0'), ...given(tail)];
}

function bytesOf(group: string): number[] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
