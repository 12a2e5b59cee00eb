/** Loaded with the first seed: most lanes never draw, and it costs a thread that opens 8 ms. */
let crypto: typeof import('node:crypto') | undefined;

/**
 * A stream of numbers in [0, 1) that depends on the seed text alone: sfc32 of PractRand (Chris Doty-Humphrey,
 * public domain), its state taken from SHA-256 and stirred as its author advises.
 */
export function seededRandom(seed: string): () => number {
  crypto ??= process.getBuiltinModule('node:crypto');
  const digest = crypto.hash('sha256', seed, 'buffer');
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 12; round++) next();
  return next;
}
