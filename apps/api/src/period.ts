/** The times of a filter, as far as they are given. */
export function periodOf({ since, until }: { since: string | undefined; until: string | undefined }): {
  since?: Date;
  until?: Date;
} {
  return {
    ...(since !== undefined && { since: new Date(since) }),
    ...(until !== undefined && { until: new Date(until) }),
  };
}
