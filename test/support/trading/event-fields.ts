import type { AnyEventType } from 'millrace';
import { tradingExamples } from 'millrace/trading';
import type { z } from 'zod';

/** The schema of each field of an event, by name. */
export function fieldsOf(type: AnyEventType): Readonly<Record<string, z.ZodType>> {
  return (type.schema as z.ZodObject<Record<string, z.ZodType>>).shape;
}

/** Whether a field may be left out. */
export function isOptional(field: z.ZodType): boolean {
  return field.def.type === 'optional';
}

/** The schema without `optional` and `nullable`. */
export function core(field: z.ZodType): z.ZodType {
  const { type } = field.def;
  return type === 'optional' || type === 'nullable'
    ? core((field as z.ZodOptional<z.ZodType>).unwrap())
    : field;
}

/** The values of an enum; undefined for any other field. */
export function valuesOf(field: z.ZodType): readonly string[] | undefined {
  const inner = core(field);
  return inner.def.type === 'enum' ? Object.values((inner as z.ZodEnum).enum).map(String) : undefined;
}

/** The example of an event, as an object that may be changed. */
export function exampleOf(type: AnyEventType): Record<string, unknown> {
  const examples: Readonly<Record<string, object>> = tradingExamples;
  return structuredClone({ ...examples[type.type] });
}

/** The field that a function from payload to id reads; of one that reads `backtest_id` if it is there, the other. */
export function fieldRead(read: (data: never) => string): string {
  const live = new Proxy({}, { get: (_, name) => (name === 'backtest_id' ? undefined : String(name)) });
  const all = new Proxy({}, { get: (_, name) => String(name) });
  return read(live as never) ?? read(all as never);
}

/** Whether its events are ordered by a backtest when they are of one. */
export function followsBacktest({ partitionKey }: AnyEventType): boolean {
  return partitionKey !== undefined && partitionKey({ backtest_id: 'b', strategy_id: 's' } as never) === 'b';
}
