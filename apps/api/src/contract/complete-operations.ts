import { STATUS_CODES } from 'node:http';
import type { FastifyContextConfig } from 'fastify';
import { type ProblemCode, statusOf } from '../problem.ts';
import { exampleOf } from './example-of.ts';
import { isObject, type Json, type JsonObject, mapValues } from './name-schemas.ts';

/** Statuses that a route may refuse with, and of which routes that is said, besides those whose own refusals have it. */
const refusals: { status: number; when: (operation: JsonObject, method: string) => boolean }[] = [
  { status: 400, when: (operation, method) => takesInput(operation) || mayHaveBody(method) },
  { status: 401, when: asksWho },
  // A browser adds the session's cookie by itself, and agents are no owners.
  { status: 403, when: takesSession },
  { status: 404, when: ({ parameters }) => hasParameter(parameters, { in: 'path' }) },
  { status: 408, when: (_operation, method) => mayHaveBody(method) },
  { status: 409, when: () => false },
  { status: 413, when: (_operation, method) => mayHaveBody(method) },
  { status: 414, when: ({ parameters }) => hasParameter(parameters, { in: 'path' }) },
  { status: 415, when: (_operation, method) => mayHaveBody(method) },
  {
    status: 422,
    when: ({ parameters }) => hasParameter(parameters, { in: 'header', name: 'idempotency-key' }),
  },
  { status: 429, when: asksWho },
  { status: 500, when: () => true },
  { status: 503, when: () => true },
];

/** What a route's `config` says of its operation stands in these fields until the operation is complete. */
const REFUSES = 'x-refuses';
const OPTIONAL_BODY = 'x-optional-body';
const ROLE = 'x-role';

/** The fields that `completeOperations` looks for, of a route's `config`. */
export function operationFields({ refuses, optionalBody, role }: FastifyContextConfig = {}) {
  return {
    ...(refuses !== undefined && { [REFUSES]: refuses }),
    ...(optionalBody !== undefined && { [OPTIONAL_BODY]: optionalBody }),
    ...(role !== undefined && { [ROLE]: role }),
  };
}

/** The reusable answers that `completeOperations` refers to. */
export function problemResponses(): JsonObject {
  return Object.fromEntries(refusals.map(({ status }) => [responseName(status), problemResponse(status)]));
}

/**
 * Adds to each operation what follows from its route, so that none has to say it: that only owners may call it, the problems
 * it may answer with, a name for a body or an answer that has none (`CreateUserBody`, `CreateUserAnswer`), and words for its
 * answers.
 */
export function completeOperations(paths: JsonObject): JsonObject {
  return mapValues(paths, (path) =>
    isObject(path)
      ? mapValues(path, (operation, method) =>
          isObject(operation) ? completed(operation, method) : operation,
        )
      : path,
  );
}

function completed(
  { [REFUSES]: refuses, [OPTIONAL_BODY]: bodyIsOptional, [ROLE]: role, ...operation }: JsonObject,
  method: string,
): JsonObject {
  const name = pascalCase(operation['operationId']);
  const own = isObject(operation['responses']) ? operation['responses'] : {};
  const answers = mapValues(own, (answer, status) =>
    described(withTitle(withExample(answer), `${name}Answer`), status),
  );
  const codes = Array.isArray(refuses) ? (refuses as ProblemCode[]) : [];
  const problems = refusals.flatMap(({ status, when }) => {
    const named = codes.filter((code) => statusOf(code) === status);
    if (status in own || (named.length === 0 && !when(operation, method))) return [];
    const $ref = `#/components/responses/${responseName(status)}`;
    return [[status, named.length === 0 ? { $ref } : { $ref, description: wordsFor(status, named) }]];
  });
  return {
    ...operation,
    description: descriptionOf(operation, role),
    ...(operation['requestBody'] !== undefined && {
      requestBody: optionally(bodyIsOptional === true, withTitle(operation['requestBody'], `${name}Body`)),
    }),
    responses: { ...answers, ...Object.fromEntries(problems) },
  };
}

/** A summary that leaves nothing open is the description too. */
function descriptionOf({ description, summary }: JsonObject, role: Json | undefined): Json {
  if (role !== 'owner') return description ?? summary ?? '';
  return description === undefined ? 'Owners only.' : `${description} Owners only.`;
}

const wordsFor = (status: number, codes: ProblemCode[]): string =>
  `${STATUS_CODES[status]}: ${codes.map((code) => `\`${code}\``).join(', ')}.`;

function optionally(isOptional: boolean, body: Json): Json {
  return isOptional && isObject(body) ? { ...body, required: false } : body;
}

/** Titles the JSON of a body or an answer, unless it has a title. */
function withTitle(part: Json, title: string): Json {
  if (!isObject(part) || !isObject(part['content'])) return part;
  const content = mapValues(part['content'], (media, type) => {
    if (type !== 'application/json' || !isObject(media) || !isObject(media['schema'])) return media;
    return { ...media, schema: { title, ...media['schema'] } };
  });
  return { ...part, content };
}

/** Shows an example of the JSON of an answer, unless it has some. */
function withExample(answer: Json): Json {
  if (!isObject(answer) || !isObject(answer['content'])) return answer;
  const content = mapValues(answer['content'], (media, type) => {
    if (type !== 'application/json' || !isObject(media)) return media;
    if ('example' in media || 'examples' in media) return media;
    const example = exampleOf(media['schema']);
    return example === undefined ? media : { ...media, example };
  });
  return { ...answer, content };
}

/** Fastify's own words for an answer without any say nothing. */
function described(answer: Json, status: string): Json {
  if (!isObject(answer) || answer['description'] !== 'Default Response') return answer;
  return { ...answer, description: STATUS_CODES[status] ?? status };
}

function problemResponse(status: number): JsonObject {
  const mayBeRepeated = status === 429 || status === 503;
  return {
    description: STATUS_CODES[status] ?? '',
    ...(mayBeRepeated && {
      headers: { 'retry-after': { description: 'Seconds until the next try.', schema: { type: 'integer' } } },
    }),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

function responseName(status: number): string {
  return pascalCase(STATUS_CODES[status] ?? String(status));
}

function pascalCase(text: Json | undefined): string {
  return String(text ?? '').replaceAll(/(?:^|[^A-Za-z]+)([A-Za-z])/g, (_, letter: string) =>
    letter.toUpperCase(),
  );
}

function takesInput({ parameters, requestBody }: JsonObject): boolean {
  return parameters !== undefined || requestBody !== undefined;
}

/** A client may send one where none is asked for. */
const mayHaveBody = (method: string): boolean => method !== 'get';

function asksWho({ security }: JsonObject): boolean {
  return Array.isArray(security) && security.length > 0;
}

function takesSession({ security }: JsonObject): boolean {
  return Array.isArray(security) && security.some((scheme) => isObject(scheme) && 'session' in scheme);
}

/** Whether one of the parameters is as wanted. */
function hasParameter(
  parameters: Json | undefined,
  wanted: { in: 'path' | 'header'; name?: string },
): boolean {
  return (
    Array.isArray(parameters) &&
    parameters.some(
      (one) =>
        isObject(one) &&
        one['in'] === wanted.in &&
        (wanted.name === undefined || one['name'] === wanted.name),
    )
  );
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The problems of its own that the route may answer with, for the contract; those of all routes need no naming. */
    refuses?: readonly ProblemCode[];
  }
}
