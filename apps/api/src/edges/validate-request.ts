import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { type FieldError, ProblemError } from '../problem.ts';

/**
 * Compiles a route's schemas. Bodies are taken as they are: nothing is converted, filled in or removed. Addresses are
 * text, so there the fields that are integers (decimal digits only) or booleans (`true`, `false`) are converted.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema);
  const convert = httpPart === 'body' ? undefined : convertFields(schema);
  return (value: unknown) => {
    const candidate = convert ? convert(value) : value;
    if (compiled.Check(candidate)) return { value: candidate };
    const errors = compiled.Errors(candidate).flatMap(fieldErrors);
    return { error: new ProblemError('validation_failed', errors.slice(0, MAX_ERRORS)) };
  };
};

const MAX_ERRORS = 20;
const SEND_AN_OBJECT = 'send a JSON object, as `content-type: application/json`';

/** @returns how to convert what has a schema; undefined if there is nothing to convert. */
function convertFields(schema: TSchema): ((value: unknown) => Record<string, unknown>) | undefined {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  const fields = Object.entries(properties).filter(
    ([, { type }]) => type === 'integer' || type === 'boolean',
  );
  if (fields.length === 0) return undefined;
  return (value) => {
    const converted = { ...(value as Record<string, unknown>) };
    for (const [name, { type }] of fields) {
      const given = converted[name];
      if (type === 'integer' && typeof given === 'string' && /^\d{1,16}$/.test(given))
        converted[name] = Number(given);
      if (type === 'boolean' && (given === 'true' || given === 'false')) converted[name] = given === 'true';
    }
    return converted;
  };
}

/** Says what is wrong in terms of fields, and never repeats a value: it may be somebody's message. */
function fieldErrors(error: TLocalizedValidationError): FieldError[] {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  const within = (name: string) => (path ? `${path}.${name}` : name);
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => ({ path: within(name), message: 'is required' }));
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => ({
        path: within(name),
        message: 'is not a known field',
      }));
    // Comes with each additional property, which is reported above.
    case 'boolean':
      return [];
    case 'enum':
      return [{ path, message: `must be one of ${error.params.allowedValues.join(', ')}` }];
    default:
      if (path === '' && error.keyword === 'type') return [{ path, message: SEND_AN_OBJECT }];
      return [{ path, message: error.message }];
  }
}
