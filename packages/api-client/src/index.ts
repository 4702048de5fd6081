import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './contract.ts';

/** The bodies and answers of the contract, by name: `Schemas['Ticket']`. */
export type Schemas = components['schemas'];

export type ApiClient = Client<paths>;

export type ApiClientOptions = {
  /** Where the API is, without a path: `https://support.example.com`. */
  baseUrl: string;
  /** Sent as `Authorization: Bearer …`. Not given: calls are made without a key, or with a browser's session. */
  apiKey?: string;
};

/**
 * A client of the whole API, typed by its contract: `client.POST('/api/admin/tickets/{id}/replies', { params, body })`.
 * A call comes back with `data`, or with `error` (a problem with its `code`) for every status that isn't 2xx, and
 * rejects if no answer came. Answers are read as JSON, so the two that aren't must be asked for as what they are:
 * `client.GET('/metrics', { parseAs: 'text' })`, and `client.GET('/api/admin/events', { parseAs: 'stream' })`, whose
 * `data` is a stream of bytes.
 */
export function createApiClient({ baseUrl, apiKey }: ApiClientOptions): ApiClient {
  return createClient<paths>({
    baseUrl,
    ...(apiKey !== undefined && { headers: { authorization: `Bearer ${apiKey}` } }),
  });
}
