import { type Db, findUserByTelegramId } from '@replybell/database';

/** Stands for nobody: no user has this id. */
const NOBODY = 0;

/** Whom a filter names, by id, by Telegram id, or by neither. No Telegram id is passed on: the audit trail keeps filters. */
export async function userOfFilter<Filter extends { userId?: number; telegramId?: number }>(
  db: Db,
  { userId, telegramId, ...others }: Filter,
): Promise<Omit<Filter, 'userId' | 'telegramId'> & { userId?: number }> {
  if (telegramId === undefined) return { ...others, ...(userId !== undefined && { userId }) };
  const holder = await findUserByTelegramId(db, telegramId);
  const isNamed = holder !== undefined && (userId === undefined || userId === holder.id);
  return { ...others, userId: isNamed ? holder.id : NOBODY };
}
