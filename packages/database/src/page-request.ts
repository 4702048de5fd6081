/** A page of a list that begins with the newest: at most `limit` rows, those with an id below `beforeId` if it is given. */
export type PageRequest = { limit: number; beforeId?: number | undefined };
