import type { ApiClient, Schemas } from '@replybell/api-client';
import type { BotApi } from './bot-api.ts';
import { dataOf } from './data-of.ts';

export type SampleTickets = {
  /** Its user can be reached. */
  reachable: { ticketId: number; telegramId: number };
  /** Its user has no telegram_id: a reply is parked until one is set, `telegramId` for example. */
  unlinked: { ticketId: number; userId: number; telegramId: number };
};

/** Makes three users with a ticket each: one who reads Russian, one who reads English, one who has not linked Telegram. */
export async function createSampleTickets(api: ApiClient, { telegramIds }: BotApi): Promise<SampleTickets> {
  async function open(
    user: Schemas['NewUser'],
    ticket: Omit<Schemas['NewTicket'], 'userId'>,
  ): Promise<{ userId: number; ticketId: number }> {
    const { id: userId } = await dataOf(api.POST('/api/admin/users', { body: user }));
    const { id: ticketId } = await dataOf(api.POST('/api/admin/tickets', { body: { userId, ...ticket } }));
    return { userId, ticketId };
  }

  const anna = await open(
    { username: 'anna', locale: 'ru', telegramId: telegramIds.first },
    { subject: 'Проблема с балансом', message: 'Вчера пополнила баланс, а денег нет.', priority: 'high' },
  );
  await open(
    { username: 'john', locale: 'en', telegramId: telegramIds.second },
    { subject: 'The invoice shows <old> & wrong data', message: 'Can you correct it?', priority: 'medium' },
  );
  const olga = await open(
    { username: 'olga', locale: 'ru', telegramId: null },
    { subject: 'Не приходит код', message: 'Жду уже десять минут.', priority: 'urgent' },
  );
  return {
    reachable: { ticketId: anna.ticketId, telegramId: telegramIds.first },
    unlinked: { ...olga, telegramId: telegramIds.third },
  };
}
