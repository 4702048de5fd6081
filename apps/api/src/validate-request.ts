import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { type FieldError, ProblemError } from './problem.ts';

/**
 * Compiles a route's schemas. Bodies are taken as they are: nothing is converted, filled in or removed. Addresses are
 * text, so there the fields that are integers are converted, decimal digits only.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema);
  const integers = httpPart === 'body' ? [] : integerFields(schema);
  return (value: unknown) => {
    const candidate = integers.length > 0 ? convertIntegers(value, integers) : value;
    if (compiled.Check(candidate)) return { value: candidate };
    const errors = compiled.Errors(candidate).flatMap(fieldErrors);
    return { error: new ProblemError('validation_failed', errors.slice(0, MAX_ERRORS)) };
  };
};

const MAX_ERRORS = 20;

function integerFields(schema: TSchema): string[] {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  return Object.keys(properties).filter((name) => properties[name]?.type === 'integer');
}

function convertIntegers(value: unknown, names: string[]): Record<string, unknown> {
  const converted = { ...(value as Record<string, unknown>) };
  for (const name of names) {
    const given = converted[name];
    if (typeof given === 'string' && /^\d{1,16}$/.test(given)) converted[name] = Number(given);
  }
  return converted;
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
      return [{ path, message: error.message }];
  }
}
