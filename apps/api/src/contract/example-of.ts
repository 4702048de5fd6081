import { isObject, type Json, type JsonObject } from './name-schemas.ts';

const EXAMPLE_TIME = '2026-01-31T08:00:00.000Z';

/**
 * An example of what a schema describes: its own, or one made of its parts' examples, so that each field needs only one.
 * A field that may be null is, and one that has a list of values has the first, unless an example of its own says otherwise.
 *
 * @returns undefined of a text without an example: nothing could be made up that says anything.
 */
export function exampleOf(schema: Json | undefined): Json | undefined {
  if (!isObject(schema)) return undefined;
  const { examples, const: constant, enum: values, type, properties, items, format, minimum } = schema;
  if (Array.isArray(examples)) return examples[0];
  if (constant !== undefined) return constant;
  if (isObject(properties)) return exampleOfFields(properties);
  if (Array.isArray(type) && type.includes('null')) return null;
  if (Array.isArray(values)) return values.includes(null) ? null : values[0];
  switch (type) {
    case 'object':
      return {};
    case 'array': {
      const item = exampleOf(items);
      return item === undefined ? [] : [item];
    }
    case 'boolean':
      return false;
    case 'integer':
      return minimum ?? 1;
    case 'string':
      return format === 'date-time' ? EXAMPLE_TIME : undefined;
    default:
      return undefined;
  }
}

function exampleOfFields(properties: JsonObject): JsonObject {
  const fields = Object.entries(properties).flatMap(([name, schema]): [string, Json][] => {
    const example = exampleOf(schema);
    return example === undefined ? [] : [[name, example]];
  });
  return Object.fromEntries(fields);
}
