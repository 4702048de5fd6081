import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { ProblemError } from '../problem.ts';
import { fieldErrors } from './field-errors.ts';

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
