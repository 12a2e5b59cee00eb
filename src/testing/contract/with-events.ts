import { LogState, Rows } from './rows.js';
import { type MakeStore, RUN, Trial } from './trial.js';

/** A new store with six events of three aggregates. */
export async function openWithEvents(make: MakeStore): Promise<Trial> {
  const trial = await Trial.open(make(RUN));
  const rows = new Rows(new LogState());
  for (let number = 0; number < 6; number++) rows.add({ aggregate: `a${number % 3}`, data: { number } });
  await trial.commit({ segments: rows.take() });
  return trial;
}
