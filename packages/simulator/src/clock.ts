/** Milliseconds since the Unix epoch with decimals, from the monotonic clock: steps of the wall clock don't show. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Whole seconds since the Unix epoch, as the Bot API writes dates. */
export function unixSeconds(atMs: number): number {
  return Math.floor(atMs / 1000);
}
