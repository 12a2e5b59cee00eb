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
  const { lineNumber, columnNumber } = value;
  return {
    functionName: value.functionName,
    scriptId: String(value.scriptId),
    url: value.url,
    lineNumber: signed(lineNumber),
    columnNumber: signed(columnNumber),
  };
}

/** Node 22 writes -1, which stands for no line, as an unsigned number when a thread is sampled from outside. */
function signed(value: unknown): number {
  return typeof value === 'number' ? value | 0 : -1;
}
