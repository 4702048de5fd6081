import type { AdminClient } from './admin-client.ts';
import type { BotApi } from './bot-api.ts';

export type SampleTickets = {
  /** Its user can be reached. */
  reachable: { ticketId: number; telegramId: number };
  /** Its user has no telegram_id: a reply is parked until one is set, `telegramId` for example. */
  unlinked: { ticketId: number; userId: number; telegramId: number };
};

/** Makes three users with a ticket each: one who reads Russian, one who reads English, one who has not linked Telegram. */
export async function createSampleTickets(api: AdminClient, { telegramIds }: BotApi): Promise<SampleTickets> {
  async function open(
    user: { username: string; locale: string; telegramId: number | null },
    ticket: { subject: string; message: string; priority: string },
  ) {
    const { id: userId } = await api.post<{ id: number }>('/api/admin/users', user);
    const { id: ticketId } = await api.post<{ id: number }>('/api/admin/tickets', { userId, ...ticket });
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
