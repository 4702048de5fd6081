/** Tells those who wait that something has changed. */
export type ChangeSignal = {
  /** Grows with each change. */
  readonly version: number;
  touch(): void;
  /** Resolves when the version is greater than `after`, or `signal` is aborted. */
  changed(after: number, signal: AbortSignal): Promise<void>;
};

export function createChangeSignal(): ChangeSignal {
  let version = 1;
  const waiting = new Set<() => void>();
  return {
    get version() {
      return version;
    },
    touch() {
      version += 1;
      for (const wake of waiting) wake();
    },
    changed(after, signal) {
      return new Promise((resolve) => {
        const check = () => {
          if (!signal.aborted && version <= after) return;
          waiting.delete(check);
          signal.removeEventListener('abort', check);
          resolve();
        };
        waiting.add(check);
        signal.addEventListener('abort', check);
        check();
      });
    },
  };
}
