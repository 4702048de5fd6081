import type { ActiveFault, Fault, FaultKind } from './contract.ts';
import type { Random } from './random.ts';

export type Faults = {
  /** Puts a fault in force; it comes before those added earlier. */
  add(fault: Fault): ActiveFault;
  /** Ends a fault. False when there is none with this id. */
  remove(id: number): boolean;
  clear(): void;
  list(): ActiveFault[];
  /** The fault that hits this request, if any; counts the hit, and ends the fault when its `times` are used up. */
  take(method: string, chatId: number | null): Fault | null;
  /** Requests hit so far, by kind; survives the end of the faults. */
  hits(): Partial<Record<FaultKind, number>>;
  clearHits(): void;
};

/** The faults in force. `random` decides about those with a probability. */
export function createFaults(random: Random): Faults {
  let active: ActiveFault[] = [];
  let hits: Partial<Record<FaultKind, number>> = {};
  let nextId = 1;

  return {
    add(fault) {
      const added = { ...fault, id: nextId++, hits: 0 };
      active.unshift(added);
      return added;
    },
    remove(id) {
      const before = active.length;
      active = active.filter((fault) => fault.id !== id);
      return active.length < before;
    },
    clear() {
      active = [];
    },
    list: () => active,
    take(method, chatId) {
      const fault = active.find((candidate) => hitsRequest(candidate, method, chatId, random));
      if (fault === undefined) return null;
      fault.hits += 1;
      hits[fault.kind] = (hits[fault.kind] ?? 0) + 1;
      if (fault.hits === fault.times) active = active.filter((other) => other !== fault);
      return fault;
    },
    hits: () => hits,
    clearHits() {
      hits = {};
    },
  };
}

function hitsRequest(fault: Fault, method: string, chatId: number | null, random: Random): boolean {
  const wanted = fault.method ?? (fault.kind === 'revoked' ? '*' : 'sendMessage');
  if (wanted !== '*' && wanted.toLowerCase() !== method) return false;
  if (fault.chatId !== undefined && fault.chatId !== chatId) return false;
  return fault.probability === undefined || random() < fault.probability;
}
