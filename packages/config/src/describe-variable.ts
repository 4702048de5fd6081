import { schema, type VariableName } from './schema.ts';

/** What the schema says of a variable, as far as messages and the table need it. */
type Facts = {
  description?: string;
  default?: unknown;
  secret?: boolean;
  type?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  pattern?: string;
};

export function factsOf(name: VariableName): Facts {
  return schema.properties[name] as Facts;
}

export function isSecret(name: VariableName): boolean {
  return factsOf(name).secret === true;
}

const patternsInWords: Partial<Record<VariableName, string>> = {
  DATABASE_URL: 'an address that begins with postgres://',
  REDIS_URL:
    'an address that begins with redis://, rediss://, redis+cluster:// or redis+sentinel:// (with /master)',
  BOT_TOKEN: 'a token from BotFather, digits:letters',
  WEBAPP_URL: 'an https address',
  WEBAPP_SHORT_NAME: '3 to 30 letters, digits or underscores',
  TELEGRAM_API_ROOT: 'an http or https address',
  TELEGRAM_WEBHOOK_SECRET:
    '16 to 256 letters, digits, underscores or hyphens (for example: openssl rand -hex 32)',
  PUBLIC_URL: 'an http or https address',
  TRUST_PROXY: 'addresses, networks (10.0.0.0/8), loopback, linklocal or uniquelocal, separated by commas',
  CORS_ORIGINS: 'origins such as https://panel.example.com, separated by commas',
};

/** The end of the sentence "X must be …". */
export function expectation(name: VariableName): string {
  const facts = factsOf(name);
  if (facts.enum) return `one of ${facts.enum.join(', ')}`;
  if (facts.type === 'integer') return `a whole number from ${facts.minimum} to ${facts.maximum}`;
  if (facts.minLength !== undefined && facts.minLength > 1) {
    return `at least ${facts.minLength} characters (for example: openssl rand -hex 32)`;
  }
  return patternsInWords[name] ?? 'set';
}
