import type { SimulatorState } from '../state.ts';
import { type Answer, badRequest, failed, succeeded } from './answer.ts';
import type { Call } from './call.ts';
import { booleanParam, integerParam, jsonParam, type Params, textParam } from './params.ts';

const LONGEST_POLL_SECONDS = 50;
const SECRET_TOKEN = /^[\w-]{0,256}$/;

/** core.telegram.org/bots/api#getupdates: waits up to `timeout` seconds for the first update. */
export async function getUpdates(state: SimulatorState, call: Call): Promise<Answer> {
  if (state.webhook.url !== null) {
    return failed(
      409,
      "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    );
  }
  state.endPoll?.();
  const offset = integerParam(call.params, 'offset', 0);
  const limit = Math.min(100, Math.max(1, integerParam(call.params, 'limit', 100)));
  const timeoutSeconds = Math.min(LONGEST_POLL_SECONDS, integerParam(call.params, 'timeout', 0));
  rememberAllowedUpdates(state, call.params);
  // A negative offset keeps only so many of the newest updates.
  const newest = state.updates.peek(0, Number.POSITIVE_INFINITY).at(offset)?.update_id ?? 0;
  const from = offset < 0 ? newest : offset;
  state.updates.confirm(from);

  const replaced = new AbortController();
  const endPoll = () => replaced.abort();
  state.endPoll = endPoll;
  const signals = [call.signal, replaced.signal, AbortSignal.timeout(Math.max(0, timeoutSeconds) * 1000)];
  await state.updates.arrival(from, AbortSignal.any(signals));
  if (replaced.signal.aborted) {
    const reason =
      state.webhook.url === null
        ? 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running'
        : 'Conflict: terminated by setWebhook request';
    return failed(409, reason);
  }
  if (state.endPoll === endPoll) state.endPoll = null;
  return succeeded(state.updates.peek(from, limit));
}

/** core.telegram.org/bots/api#setwebhook. Unlike Telegram's, the address may be a plain http one on this machine. */
export function setWebhook(state: SimulatorState, { params }: Call): Answer {
  const url = textParam(params, 'url');
  if (url === '') return deleteWebhook(state, params);
  const secretToken = textParam(params, 'secret_token');
  if (!URL.canParse(url) || !/^https?:/i.test(url))
    return badRequest('bad webhook: invalid webhook URL specified');
  if (!SECRET_TOKEN.test(secretToken)) return badRequest('secret token contains unallowed characters');
  if (booleanParam(params, 'drop_pending_updates')) state.updates.clear();
  rememberAllowedUpdates(state, params);
  state.webhook.set({ url, secretToken });
  state.endPoll?.();
  return succeeded(true, 'Webhook was set');
}

/** core.telegram.org/bots/api#deletewebhook */
export function deleteWebhook(state: SimulatorState, params: Params): Answer {
  const wasSet = state.webhook.url !== null;
  if (booleanParam(params, 'drop_pending_updates')) state.updates.clear();
  state.webhook.set(null);
  return succeeded(true, wasSet ? 'Webhook was deleted' : 'Webhook is already deleted');
}

/** core.telegram.org/bots/api#getwebhookinfo */
export function getWebhookInfo(state: SimulatorState): Answer {
  const { url, lastError } = state.webhook;
  const { allowed, pending } = state.updates;
  return succeeded({
    url: url ?? '',
    has_custom_certificate: false,
    pending_update_count: pending,
    ...(lastError === null ? {} : { last_error_date: lastError.date, last_error_message: lastError.message }),
    ...(url === null ? {} : { max_connections: 40, ip_address: '127.0.0.1' }),
    ...(allowed.length === 0 ? {} : { allowed_updates: allowed }),
  });
}

function rememberAllowedUpdates(state: SimulatorState, params: Params): void {
  const kinds = jsonParam(params, 'allowed_updates');
  if (Array.isArray(kinds)) state.updates.allow(kinds.filter((kind) => typeof kind === 'string'));
}
