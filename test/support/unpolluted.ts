import { expect } from 'vitest';

const PROTOTYPES = {
  Object: Object.prototype,
  Array: Array.prototype,
  Function: Function.prototype,
  String: String.prototype,
  Number: Number.prototype,
  Date: Date.prototype,
  Map: Map.prototype,
  Set: Set.prototype,
  Promise: Promise.prototype,
  Uint8Array: Uint8Array.prototype,
  Error: Error.prototype,
};

const before = new Map(Object.values(PROTOTYPES).map((prototype) => [prototype, describe(prototype)]));

/** Every own property with what it is, so that an added and a replaced one both show. */
function describe(prototype: object): Map<PropertyKey, PropertyDescriptor> {
  const entries = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  return new Map<PropertyKey, PropertyDescriptor>(entries);
}

/** Checks that no built-in prototype has changed since this module was loaded: hostile keys end up there. */
export function expectUnpolluted(): void {
  for (const [name, prototype] of Object.entries(PROTOTYPES)) {
    const now = describe(prototype);
    const known = before.get(prototype);
    const changed = [...now.keys()].filter((key) => now.get(key)?.value !== known?.get(key)?.value);
    expect(changed, `properties of ${name}.prototype that have changed`).toEqual([]);
    expect(now.size, `properties of ${name}.prototype`).toBe(known?.size);
  }
}
