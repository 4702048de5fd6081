export type WindowCounter = (key: string) => { count: number; endsInMs: number };

/**
 * Counts by key, in windows of a fixed length that begin with a key's first count. In this process's memory, and
 * bounded: beyond `maxKeys` the window that began first is forgotten.
 */
export function createWindowCounter({
  windowMs,
  maxKeys,
}: {
  windowMs: number;
  maxKeys: number;
}): WindowCounter {
  const windows = new Map<string, { count: number; endsAtMs: number }>();
  return (key) => {
    const nowMs = performance.now();
    let window = windows.get(key);
    if (window === undefined || window.endsAtMs <= nowMs) {
      window = { count: 0, endsAtMs: nowMs + windowMs };
      // Deleted first, so that the map's order stays that of the windows' beginnings.
      windows.delete(key);
      windows.set(key, window);
      if (windows.size > maxKeys) forgetOldest(windows);
    }
    window.count += 1;
    return { count: window.count, endsInMs: window.endsAtMs - nowMs };
  };
}

function forgetOldest(windows: Map<string, unknown>): void {
  const [oldest] = windows.keys();
  if (oldest !== undefined) windows.delete(oldest);
}
