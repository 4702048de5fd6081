import { type ApiKey, insertApiKey, listApiKeys, revokeApiKey } from '@replybell/database';
import type { App, AppParts } from '../../app.ts';
import { change, createOnce } from '../../change.ts';
import { ProblemError } from '../../problem.ts';
import { idempotencyHeader, idParams, noQuery } from '../../schemas/fields.ts';
import { apiKeyList, apiKey as apiKeySchema, apiKeyWithSecret, newApiKey } from '../../schemas/identity.ts';

const config = { role: 'owner' } as const;
const tags = ['identity'];

export function apiKeyRoutes(app: App, { db }: AppParts): void {
  app.get(
    '/api-keys',
    {
      config: { ...config, refuses: ['validation_failed'] },
      schema: {
        operationId: 'listApiKeys',
        tags,
        summary: 'List the API keys, the newest first',
        description: '`ADMIN_API_KEY` is not among them: it stands in the configuration.',
        querystring: noQuery,
        response: { 200: apiKeyList },
      },
    },
    async () => ({ items: await listApiKeys(db) }),
  );

  app.post(
    '/api-keys',
    {
      config,
      schema: {
        operationId: 'createApiKey',
        tags,
        summary: 'Create an API key for another backend',
        description:
          'The answer holds the key itself, this once. A repetition with the same `Idempotency-Key` makes no second key and ' +
          'tells `secret: null`: if the first answer was lost, revoke that key and create another.',
        headers: idempotencyHeader,
        body: newApiKey,
        response: { 201: apiKeyWithSecret },
      },
    },
    async (request, reply) => {
      const { name, role } = request.body;
      const expiresAt = expiryIn(request.body.expiresAt);
      return createOnce({ db, request, reply, action: 'api_key.create', withoutSecrets }, async (trx) => {
        const { apiKey, secret } = await insertApiKey(trx, { name, role, expiresAt });
        const detail = { name, role, expiresAt };
        return { subject: `key:${apiKey.id}`, detail, result: { ...apiKey, secret } };
      });
    },
  );

  app.delete(
    '/api-keys/:id',
    {
      config: { ...config, refuses: ['api_key_not_found'] },
      schema: {
        operationId: 'revokeApiKey',
        tags,
        summary: 'Revoke an API key for good',
        description: 'It is refused within two seconds, by all processes. Revoking it once more is fine.',
        params: idParams,
        response: { 200: apiKeySchema },
      },
    },
    async (request) =>
      change({ db, request, action: 'api_key.revoke' }, async (trx) => {
        const apiKey = await revokeApiKey(trx, request.params.id);
        if (!apiKey) throw new ProblemError('api_key_not_found');
        return { subject: `key:${apiKey.id}`, detail: { name: apiKey.name }, result: apiKey };
      }),
  );
}

function expiryIn(expiresAt: string | undefined): Date | null {
  if (expiresAt === undefined) return null;
  const expiry = new Date(expiresAt);
  const inFuture = expiry.getTime() > Date.now();
  // Later years can't be written as a time of RFC 3339.
  if (inFuture && expiry.getUTCFullYear() <= 9999) return expiry;
  const message = inFuture ? 'must be before the year 10000 in UTC' : 'must be in the future';
  throw new ProblemError('validation_failed', [{ path: 'expiresAt', message }]);
}

const withoutSecrets = (key: ApiKey) => ({ ...key, secret: null });
