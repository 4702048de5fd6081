import { STATUS_CODES } from 'node:http';
import { isObject, type Json, type JsonObject, mapValues } from './name-schemas.ts';

/** Statuses that a route may refuse with, and of which routes that is said. */
const refusals: { status: number; when: (operation: JsonObject, method: string) => boolean }[] = [
  { status: 400, when: takesInput },
  { status: 401, when: isProtected },
  { status: 403, when: isProtected },
  // What the address names, or the body.
  {
    status: 404,
    when: ({ parameters, requestBody }) => requestBody !== undefined || parametersIn(parameters, 'path'),
  },
  { status: 409, when: (operation, method) => method !== 'get' && takesInput(operation) },
  { status: 413, when: ({ requestBody }) => requestBody !== undefined },
  { status: 414, when: ({ parameters }) => parametersIn(parameters, 'path') },
  { status: 415, when: ({ requestBody }) => requestBody !== undefined },
  { status: 422, when: ({ parameters }) => parametersIn(parameters, 'header') },
  { status: 429, when: isProtected },
  { status: 500, when: () => true },
  { status: 503, when: () => true },
];

/** The reusable answers that `completeOperations` refers to. */
export function problemResponses(): JsonObject {
  return Object.fromEntries(refusals.map(({ status }) => [responseName(status), problemResponse(status)]));
}

/**
 * Adds to each operation what all have in common, so that no route has to say it: the problems it may answer with, a
 * name for a body or an answer that has none (`CreateUserBody`, `CreateUserAnswer`), and words for its answers.
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

function completed(operation: JsonObject, method: string): JsonObject {
  const name = pascalCase(operation['operationId']);
  const own = isObject(operation['responses']) ? operation['responses'] : {};
  const answers = mapValues(own, (answer, status) => described(withTitle(answer, `${name}Answer`), status));
  const problems = refusals
    .filter(({ status, when }) => !(status in own) && when(operation, method))
    .map(({ status }) => [status, { $ref: `#/components/responses/${responseName(status)}` }]);
  return {
    ...operation,
    // A summary that leaves nothing open is the description too.
    description: operation['description'] ?? operation['summary'] ?? '',
    ...(operation['requestBody'] !== undefined && {
      requestBody: withTitle(operation['requestBody'], `${name}Body`),
    }),
    responses: { ...answers, ...Object.fromEntries(problems) },
  };
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

function isProtected({ security }: JsonObject): boolean {
  return Array.isArray(security) && security.length > 0;
}

function parametersIn(parameters: Json | undefined, place: 'path' | 'header'): boolean {
  return Array.isArray(parameters) && parameters.some((one) => isObject(one) && one['in'] === place);
}
