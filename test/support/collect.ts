import type { DomainEvent, Engine, ReadOptions } from 'millrace';

/** Everything that a read gives, as an array. */
export async function collect(engine: Engine, options?: ReadOptions): Promise<DomainEvent[]> {
  const events: DomainEvent[] = [];
  for await (const event of engine.read(options)) events.push(event);
  return events;
}

/** 1, 2, … up to `count`: what gapless numbers look like. */
export function oneTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
