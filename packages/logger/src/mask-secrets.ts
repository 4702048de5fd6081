const MASK = '[secret]';
/** What values stand in, in JSON: a string, or a number. */
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/**
 * Returns a function that replaces each secret in lines of JSON by `[secret]`, also where it stands URL-encoded, or
 * JSON-escaped in a text. A bot token is also masked without its number, because addresses and messages quote it in
 * parts. What comes back is JSON whatever the secrets are: one of digits may be a part of some number.
 */
export function maskSecrets(secrets: (string | undefined)[]): (lines: string) => string {
  const forms = new Set(secrets.flatMap((secret) => (secret ? formsOf(secret) : [])));
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  const asJson = longestFirst.map(escaped);

  function maskValue(value: string): string {
    if (!asJson.some((form) => value.includes(form))) return value;
    if (!value.startsWith('"')) return JSON.stringify(MASK);
    const text: string = JSON.parse(value);
    return JSON.stringify(longestFirst.reduce((masked, form) => masked.replaceAll(form, MASK), text));
  }

  // Nearly all lines have none of them, and are only searched.
  return (lines) =>
    asJson.some((form) => lines.includes(form)) ? lines.replace(stringOrNumber, maskValue) : lines;
}

function formsOf(secret: string): string[] {
  const afterColon = /^\d+:(.{8,})$/.exec(secret)?.[1];
  return [secret, encodeURIComponent(secret), escaped(secret), ...(afterColon ? [afterColon] : [])];
}

/** As it stands between the quotes of a JSON string. */
const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);
