import { isIPv6 } from 'node:net';

type Refused = { ok: false; reason: string };

/** A link in the form in which Telegram keeps it, or why it is refused, in its own words. */
export type CheckedLink = { ok: true; url: string } | Refused;

type Address = {
  ok: true;
  scheme: 'http' | 'https';
  userInfo: string;
  host: string;
  isIpv6: boolean;
  /** 0 when none is given. */
  port: number;
  /** Path, query and fragment; begins with a slash. */
  path: string;
};

const HOST_CHARACTERS = /^(?:[\w.\-!$,~*'();&+=\u0080-\u{10ffff}]|%[\da-f]{2})*$/iu;
const USER_INFO_CHARACTERS = /^(?:[\w.\-!$,~*'();&+=:\u0080-\u{10ffff}]|%[\da-f]{2})*$/iu;

/**
 * Judges a link as Telegram's client library does (tdlib, `LinkManager::check_link`): http, https, tg and ton only,
 * and a host needs a dot. `httpsOnly` refuses all but https.
 */
export function checkLink(link: string, httpsOnly = false): CheckedLink {
  const [prefix, ownScheme] = /^(tg|tonsite|ton):(?:\/\/)?/i.exec(link.toLowerCase()) ?? [];
  const address = parseAddress(link.slice(prefix?.length ?? 0));
  if (!address.ok) return address;
  const { scheme, userInfo, host, isIpv6, port, path } = address;
  if (httpsOnly && (scheme !== 'https' || ownScheme !== undefined))
    return refused('Only HTTPS links are allowed');
  if (ownScheme !== undefined) {
    if (userInfo !== '' || port !== 0 || isIpv6 || scheme !== 'http') return refused('Wrong tg URL');
    const isKnownHost = ownScheme === 'tonsite' ? /^[\w.-]+$/ : /^[\w-]+$/;
    if (!isKnownHost.test(host)) return refused('Unallowed characters in URL host');
    return { ok: true, url: `${ownScheme}://${host}${path.replace(/^\/\?/, '?')}` };
  }
  if (!host.includes('.') && !isIpv6) return refused('Wrong HTTP URL');
  const authority = `${userInfo === '' ? '' : `${userInfo}@`}${host}${port === 0 ? '' : `:${port}`}`;
  return { ok: true, url: `${scheme}://${authority}${path}` };
}

/** The id in a `tg://user?id=…` link, or null. */
export function linkedUserId(link: string): number | null {
  const found = /^tg:(?:\/\/)?user\?(?:.*&)?id=(\d+)/i.exec(link);
  return found === null ? null : Number(found[1]);
}

/** tdlib, `parse_url`: `[http[s]://][user@]host[:port][/…]`. */
function parseAddress(address: string): Address | Refused {
  const protocol = /^([^:/?#@[\]]*):\/\//.exec(address);
  const scheme = protocol?.[1]?.toLowerCase() ?? 'http';
  if (scheme !== 'http' && scheme !== 'https') return refused('Unsupported URL protocol');

  const rest = address.slice(protocol?.[0].length ?? 0);
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const [, before = '', portDigits] = /^(.+?)(?::([^:\]@]*))?$/.exec(authority) ?? [];
  const port = portDigits === undefined ? 0 : Number(/^\d+$/.exec(portDigits)?.[0] ?? 0);
  if (port > 65_535 || (port === 0 && portDigits !== undefined)) {
    return refused('Wrong port number specified in the URL');
  }
  const at = before.lastIndexOf('@');
  const userInfo = at === -1 ? '' : before.slice(0, at);
  const host = before.slice(at + 1).toLowerCase();
  const isIpv6 = host.startsWith('[') && host.endsWith(']');
  if (isIpv6 && !isIPv6(host.slice(1, -1))) return refused('Wrong IPv6 address specified in the URL');
  if (host === '') return refused('URL host is empty');
  if (host === '.') return refused('Host is invalid');
  if (!isIpv6 && !HOST_CHARACTERS.test(host)) return refused('Disallowed character in URL host');
  if (!USER_INFO_CHARACTERS.test(userInfo)) return refused('Disallowed character in URL userinfo');

  const tail = escapeSpaces(rest.slice(authority.length));
  return { ok: true, scheme, userInfo, host, isIpv6, port, path: tail.startsWith('/') ? tail : `/${tail}` };
}

function escapeSpaces(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
  return path.trimEnd().replace(/[\u0000-\u0020]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

function refused(reason: string): Refused {
  return { ok: false, reason };
}
