import type { TLocalizedValidationError } from 'typebox/error';
import type { FieldError } from '../problem.ts';
import { TIME_MESSAGE } from '../schemas/fields.ts';
import { messageOfPattern } from '../schemas/patterns.ts';

const SEND_AN_OBJECT = 'send a JSON object, as `content-type: application/json`';

/** Says what is wrong in terms of fields, and never repeats a value: it may be somebody's message. */
export function fieldErrors(error: TLocalizedValidationError): FieldError[] {
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
    default:
      return [{ path, message: messageOf(error, path) }];
  }
}

function messageOf(error: TLocalizedValidationError, path: string): string {
  switch (error.keyword) {
    case 'enum':
      return `must be one of ${error.params.allowedValues.join(', ')}`;
    // The only format in requests.
    case 'format':
      return TIME_MESSAGE;
    case 'minLength':
      return error.params.limit === 1
        ? 'must not be empty'
        : `must have at least ${error.params.limit} characters`;
    case 'minProperties':
      return 'must have at least one field';
    case 'pattern':
      return messageOfPattern(String(error.params.pattern)) ?? error.message;
    case 'type':
      return path === '' ? SEND_AN_OBJECT : error.message;
    default:
      return error.message;
  }
}
