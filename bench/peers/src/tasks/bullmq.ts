import { type WorkOrder, work } from '../../../dist/support/work.js';

/** A sandboxed processor of BullMQ. */
export default async function handle({ data }: { readonly data: WorkOrder }): Promise<number> {
  return work(data.rounds);
}
