import type { Engine } from 'millrace';
import type { ProfileOptions, ProfileReport } from 'millrace/profile';
import { Allocated, Burned, Counted } from '../handlers/planted.mjs';

/** Nearly all burning is one key's, so that its lane burns more than the others. */
export const HOT_KEY = 'hot';

/** Publishes the planted load until the profile is written. */
export async function profilePlanted(engine: Engine, options: ProfileOptions): Promise<ProfileReport> {
  let ended = false;
  const report = engine.profile(options).finally(() => {
    ended = true;
  });
  for (let value = 0; !ended; value += 60) await engine.publishMany(plantedEvents(value));
  return report;
}

function plantedEvents(from: number) {
  return Array.from({ length: 60 }, (_, index) => {
    const value = from + index;
    const key = `key-${value % 71}`;
    if (index % 5 < 3) return Burned({ key: index % 10 === 0 ? key : HOT_KEY, value });
    return index % 5 === 3 ? Allocated({ key, value }) : Counted({ key, value });
  });
}
