import fc from 'fast-check';
import type { Operation, Parameter, Schema } from './operations.ts';

export type FuzzedRequest = { url: string; headers: Record<string, string>; body: unknown };

/** What people, and programs that have a fault, send in the place of a field. */
const junk = fc.oneof(
  fc.anything({ maxDepth: 2, withBigInt: false, withUnicodeString: true }),
  fc.constantFrom<unknown>(
    0,
    -1,
    2 ** 53,
    1e308,
    '',
    ' ',
    '\0',
    '\ud800',
    '%00',
    '1e3',
    "'; --",
    [],
    {},
    null,
    true,
  ),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

/** Requests for an operation: some as its schemas want them, some with fields that are wrong, missing or unknown. */
export function requestsFor(operation: Operation): fc.Arbitrary<FuzzedRequest> {
  const { parameters, body, path } = operation;
  const ofKind = (kind: string) => parameters.filter((parameter) => parameter.in === kind);
  return fc
    .record({
      path: parametersFrom(ofKind('path')),
      query: parametersFrom(ofKind('query')),
      headers: parametersFrom(ofKind('header')),
      body: body === undefined ? fc.constant(undefined) : fc.oneof(validValue(body), brokenValue(body), junk),
    })
    .map((request) => ({
      url: addressOf(path, request.path, request.query),
      headers: request.headers,
      body: request.body,
    }));
}

/** Values that a schema allows, or nearly: a refinement that JSON Schema can't say may refuse them. */
function validValue(schema: Schema): fc.Arbitrary<unknown> {
  const {
    enum: values,
    const: only,
    anyOf,
    oneOf,
    type,
  } = schema as {
    enum?: unknown[];
    const?: unknown;
    anyOf?: Schema[];
    oneOf?: Schema[];
    type?: string | string[];
  };
  if (only !== undefined) return fc.constant(only);
  if (values !== undefined) return fc.constantFrom(...values);
  const options = anyOf ?? oneOf;
  if (options !== undefined) return fc.oneof(...options.map(validValue));
  if (Array.isArray(type)) return fc.oneof(...type.map((one) => validValue({ ...schema, type: one })));
  return valueOfType(type, schema);
}

function valueOfType(type: string | undefined, schema: Schema): fc.Arbitrary<unknown> {
  const limits = schema as {
    minimum?: number;
    maximum?: number;
    minLength?: number;
    maxLength?: number;
    pattern?: string;
    format?: string;
    items?: Schema;
  };
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number': {
      const { minimum: min = -1_000, maximum: max = Number.MAX_SAFE_INTEGER } = limits;
      // Small ones are the ids of what is there.
      return fc.oneof(fc.integer({ min, max }), fc.integer({ min, max: Math.min(max, min + 5) }));
    }
    case 'string':
      if (limits.format === 'date-time')
        return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
      if (limits.pattern !== undefined) return fc.stringMatching(new RegExp(limits.pattern));
      return fc.string({
        unit: 'grapheme',
        minLength: limits.minLength ?? 0,
        maxLength: Math.min(limits.maxLength ?? 100, 200),
      });
    case 'array':
      return fc.array(validValue(limits.items ?? {}), { maxLength: 5 });
    case 'object':
      return objectOf(schema, validValue);
    default:
      return junk;
  }
}

/** The schema's object with any of its fields junk, and perhaps one more than it knows. */
function brokenValue(schema: Schema): fc.Arbitrary<unknown> {
  const broken = objectOf({ ...schema, required: [] }, (field) =>
    fc.oneof({ weight: 2, arbitrary: validValue(field) }, { weight: 1, arbitrary: junk }),
  );
  return fc.oneof(broken, fc.tuple(broken, fc.dictionary(fc.string(), junk, { maxKeys: 2 })).map(merged));
}

function objectOf(schema: Schema, arbitraryOf: (field: Schema) => fc.Arbitrary<unknown>) {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  const fields = Object.entries(properties).map(([name, field]): [string, fc.Arbitrary<unknown>] => [
    name,
    arbitraryOf(field),
  ]);
  return fc.record<Record<string, unknown>>(Object.fromEntries(fields), { requiredKeys: required });
}

function merged([one, other]: [object, object]): object {
  return { ...one, ...other };
}

function parametersFrom(parameters: Parameter[]): fc.Arbitrary<Record<string, string>> {
  const fields = parameters.map(({ name, schema }) => [
    name,
    fc.oneof({ weight: 3, arbitrary: validValue(schema) }, { weight: 1, arbitrary: junk }).map(asText),
  ]);
  const requiredKeys = parameters.filter(({ required }) => required).map(({ name }) => name);
  return fc.record(Object.fromEntries(fields), { requiredKeys });
}

/** As text without what an HTTP client would itself refuse to send. */
function asText(value: unknown): string {
  const text = typeof value === 'string' ? value : String(JSON.stringify(value) ?? '');
  return text
    .toWellFormed()
    .replaceAll(/[^\x20-\x7e\u0400-\u04ff]/g, '')
    .slice(0, 200);
}

function addressOf(path: string, params: Record<string, string>, query: Record<string, string>): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const search = new URLSearchParams(query).toString();
  return search === '' ? filled : `${filled}?${search}`;
}
