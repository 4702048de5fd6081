/** A growing list of numbers that costs eight bytes each. */
export type NumberColumn = {
  readonly length: number;
  push(value: number): void;
  /** The value at `index`, NaN outside of the list. */
  at(index: number): number;
  clear(): void;
};

export function createNumberColumn(): NumberColumn {
  let values = new Float64Array(1024);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === values.length) {
        const larger = new Float64Array(length * 2);
        larger.set(values);
        values = larger;
      }
      values[length++] = value;
    },
    at: (index) => (index < length ? (values[index] ?? Number.NaN) : Number.NaN),
    clear() {
      values = new Float64Array(1024);
      length = 0;
    },
  };
}
