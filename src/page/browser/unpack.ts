import type { PackedColumn } from '../packed-column.js';

const MAX_DIFFERENCE = 2 ** 31 - 1;

/** The numbers of a packed column. @throws Error in a browser of before 2023, which cannot unpack. */
export async function unpackColumn({
  form,
  decimals,
  missing,
  length,
  data,
}: PackedColumn): Promise<Float64Array> {
  const planes = await inflated(data);
  const count = planes.length / 4;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < 4; plane++) {
    const start = plane * count;
    for (let index = 0; index < count; index++) bytes[index * 4 + plane] = planes[start + index] ?? 0;
  }
  const values = new Float64Array(length).fill(Number.NaN, 0, missing);
  if (form === 'float') {
    values.set(new Float32Array(bytes.buffer), missing);
    return values;
  }
  const differences = new Int32Array(bytes.buffer);
  const scale = 10 ** decimals;
  let whole = (differences[0] ?? 0) * MAX_DIFFERENCE;
  for (let index = missing; index < length; index++) {
    whole += differences[index - missing + 1] ?? 0;
    values[index] = whole / scale;
  }
  return values;
}

async function inflated(data: string): Promise<Uint8Array> {
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
