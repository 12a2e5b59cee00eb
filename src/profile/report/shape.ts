import type { CallFrame } from './call-tree.js';

/** Checks of what was read from files. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** @throws TypeError when the value is no call frame of V8's. */
export function checkedFrame(value: unknown): CallFrame {
  if (!isRecord(value) || typeof value.functionName !== 'string' || typeof value.url !== 'string') {
    throw new TypeError('A node has no call frame.');
  }
  return value as unknown as CallFrame;
}
