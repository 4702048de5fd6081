import { isDeepStrictEqual } from 'node:util';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [name: string]: Json };

/** What these hold is data, however much it may look like a schema. */
const dataKeywords = new Set(['const', 'default', 'enum', 'example', 'examples']);

/**
 * Moves each schema that has a title to `components`, so that generated clients have one type of that name.
 *
 * @param components takes the schemas that are found, by title.
 * @returns the same document with references in their place. A schema that may also be null becomes `anyOf` of the two.
 * @throws if two different schemas have the same title.
 */
export function nameSchemas(document: JsonObject, components: JsonObject): JsonObject {
  return mapValues(document, (value, name) => (dataKeywords.has(name) ? value : named(value, components)));
}

function named(value: Json, components: JsonObject): Json {
  if (Array.isArray(value)) return value.map((item) => named(item, components));
  if (!isObject(value)) return value;

  const { title, ...schema } = withTypeOfEnum(nameSchemas(value, components));
  if (title === undefined) return schema;
  // A field, or a document, that happens to have this name.
  if (typeof title !== 'string' || !isSchema(schema)) return { title, ...schema };

  const component = withoutNull(schema);
  components[title] = sameSchema(title, components[title], component);
  const reference = { $ref: `#/components/schemas/${title}` };
  return isDeepStrictEqual(component, schema) ? reference : { anyOf: [reference, { type: 'null' }] };
}

/** One schema may show examples in one place only: @fastify/swagger takes those of a whole body or answer away. */
function sameSchema(title: string, known: Json | undefined, found: JsonObject): JsonObject {
  if (!isObject(known)) return found;
  const { examples: knownExamples, ...knownRest } = known;
  const { examples: _, ...foundRest } = found;
  if (!isDeepStrictEqual(knownRest, foundRest)) throw new Error(`Two different schemas are called ${title}`);
  return knownExamples === undefined ? found : known;
}

function isSchema(schema: JsonObject): boolean {
  return ['type', 'enum', 'anyOf', 'oneOf', 'allOf'].some((keyword) => keyword in schema);
}

function withoutNull(schema: JsonObject): JsonObject {
  const { type, enum: values } = schema;
  const types = Array.isArray(type) ? type.filter((name) => name !== 'null') : undefined;
  return {
    ...schema,
    ...(types !== undefined && { type: types.length === 1 && types[0] !== undefined ? types[0] : types }),
    ...(Array.isArray(values) && { enum: values.filter((value) => value !== null) }),
  };
}

/** Most generators need to be told that a list of texts is of type string. */
function withTypeOfEnum(schema: JsonObject): JsonObject {
  const { type, enum: values } = schema;
  if (type !== undefined || !Array.isArray(values)) return schema;
  const types = [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))];
  return { type: types.length === 1 && types[0] !== undefined ? types[0] : types, ...schema };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mapValues(object: JsonObject, map: (value: Json, name: string) => Json): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value, name)]));
}
