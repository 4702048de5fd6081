import type { TestApp } from './test-app.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A JSON schema without references. */
export type Schema = Record<string, unknown>;

export type Parameter = { name: string; in: string; required: boolean; schema: Schema };

type Content = Record<
  string,
  { schema?: Schema; example?: unknown; examples?: Record<string, { value: unknown }> }
>;

export type Operation = {
  method: Method;
  path: string;
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  /** Names of the security schemes, any one of which lets a caller in; empty if none is asked for. */
  schemes: string[];
  parameters: Parameter[];
  body: Schema | undefined;
  /** What a body may be, by media type. */
  content: Content | undefined;
  responses: Record<string, { description: string; content?: Content }>;
};

/** Every operation of the API's own description, with the references in it resolved. */
export async function operationsOf({ app }: TestApp): Promise<Operation[]> {
  await app.ready();
  const document = JSON.parse(JSON.stringify(app.swagger()));
  const paths: Record<string, Record<string, ReturnType<typeof JSON.parse>>> = resolve(
    document.paths,
    document,
  );
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security = [], parameters = [], requestBody, ...rest }]) => ({
      ...rest,
      method: method.toUpperCase(),
      path,
      schemes: security.flatMap(Object.keys),
      parameters,
      body: requestBody?.content['application/json']?.schema,
      content: requestBody?.content,
    })),
  );
}

/** @throws a RangeError if a reference leads to itself. */
function resolve<Value>(value: Value, document: Record<string, unknown>): ReturnType<typeof JSON.parse> {
  if (Array.isArray(value)) return value.map((item) => resolve(item, document));
  if (typeof value !== 'object' || value === null) return value;
  if ('$ref' in value) return resolve(lookUp(String(value.$ref), document), document);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, resolve(part, document)]));
}

function lookUp(reference: string, document: Record<string, unknown>): unknown {
  return reference
    .split('/')
    .slice(1)
    .reduce<ReturnType<typeof JSON.parse>>((part, name) => part[name], document);
}
