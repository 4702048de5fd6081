/** The parameters of a method: strings from a query or a form, any JSON value from a JSON body. */
export type Params = Record<string, unknown>;

/** The parameter as text, as Telegram reads it: numbers and booleans written out, objects as JSON. */
export function textParam(params: Params, name: string): string {
  const value = params[name];
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The parameter as a whole number; `fallback` when it is missing or none. */
export function integerParam(params: Params, name: string, fallback: number): number {
  const text = textParam(params, name);
  return /^-?\d{1,15}$/.test(text) ? Number(text) : fallback;
}

export function booleanParam(params: Params, name: string): boolean {
  return ['true', 'yes', '1'].includes(textParam(params, name).toLowerCase());
}

/** The parameter as JSON: given as such, or as a string that holds it. Undefined when it is missing or broken. */
export function jsonParam(params: Params, name: string): unknown {
  const value = params[name];
  if (typeof value !== 'string') return value ?? undefined;
  try {
    return value === '' ? undefined : JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** The chat's id, or null when none is given; a username gives NaN, which is no known chat. */
export function chatIdParam(params: Params): number | null {
  const text = textParam(params, 'chat_id');
  if (text === '') return null;
  return /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}
