import type { ChatChange, Fault, FaultKind, Latency, Limits, UserAction } from './contract.ts';

/** Thrown when a control request can't be understood; its message goes to the caller. */
export class ControlInputError extends Error {}

type Fields = Record<string, unknown>;

/** The fields that each kind of fault cannot do without. */
const REQUIRED_OF_FAULT: Record<FaultKind, Record<string, 'number' | 'string'>> = {
  answer: { errorCode: 'number', description: 'string' },
  html502: {},
  reset: {},
  'accepted-then-reset': {},
  'accepted-then-truncated': {},
  hang: {},
  'accepted-then-hang': {},
  delay: { delayMs: 'number' },
  migrate: { migrateToChatId: 'number' },
  revoked: {},
};

const OPTIONAL_OF_FAULT = {
  times: 'number',
  method: 'string',
  chatId: 'number',
  probability: 'number',
  retryAfterSeconds: 'number',
  scope: 'string',
} as const;

export function readFault(body: unknown): Fault {
  const fields = readFields(body);
  const kind = fields['kind'];
  if (typeof kind !== 'string' || !Object.hasOwn(REQUIRED_OF_FAULT, kind)) {
    throw new ControlInputError(`kind must be one of ${Object.keys(REQUIRED_OF_FAULT).join(', ')}`);
  }
  const required = REQUIRED_OF_FAULT[kind as FaultKind];
  checkTypes(fields, { kind: 'string', ...required }, OPTIONAL_OF_FAULT);
  return fields as Fault;
}

/** What is left out stays as it is in `current`. */
export function readLimits(body: unknown, current: Limits): Limits {
  const fields = readFields(body);
  checkTypes(fields, {}, { messagesPerSecond: 'number', chatIntervalMs: 'number' });
  for (const [name, value] of Object.entries(fields)) {
    if (!Number.isInteger(value) || Number(value) < 0)
      throw new ControlInputError(`${name} must be a whole number`);
  }
  return { ...current, ...fields };
}

/** What is left out is 0. */
export function readLatency(body: unknown): Latency {
  const fields = readFields(body);
  checkTypes(fields, {}, { latencyMs: 'number', jitterMs: 'number' });
  return { latencyMs: 0, jitterMs: 0, ...fields };
}

export function readChatChange(body: unknown): ChatChange {
  const fields = readFields(body);
  checkTypes(
    { ...fields, username: fields['username'] ?? undefined },
    {},
    {
      started: 'boolean',
      blocked: 'boolean',
      deactivated: 'boolean',
      firstName: 'string',
      username: 'string',
      languageCode: 'string',
    },
  );
  return fields as ChatChange;
}

export function readUserAction(body: unknown): UserAction {
  const fields = readFields(body);
  if (fields['callback'] !== undefined) {
    const callback = readFields(fields['callback']);
    checkTypes(callback, { messageId: 'number', data: 'string' }, {});
    return { callback } as UserAction;
  }
  checkTypes(fields, { text: 'string' }, {});
  if (fields['text'] === '') throw new ControlInputError('text must not be empty');
  return fields as UserAction;
}

export function readUrl(body: unknown): string {
  const { url } = readFields(body);
  if (typeof url !== 'string' || !URL.canParse(url)) throw new ControlInputError('url must be a URL');
  return url;
}

function readFields(body: unknown): Fields {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body };
  throw new ControlInputError('the body must be a JSON object');
}

type FieldType = 'number' | 'string' | 'boolean';

function checkTypes(
  fields: Fields,
  required: Record<string, FieldType>,
  optional: Record<string, FieldType>,
): void {
  const known = { ...optional, ...required };
  for (const [name, type] of Object.entries(known)) {
    const value = fields[name];
    if (value === undefined && !Object.hasOwn(required, name)) continue;
    const isRight = type === 'number' ? Number.isFinite(value) : typeof value === type;
    if (!isRight) throw new ControlInputError(`${name} must be a ${type}`);
  }
  const unknown = Object.keys(fields).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw new ControlInputError(`${unknown} is not a field here`);
}
