import { crc32, deflateRawSync } from 'node:zlib';

/** A zip of texts, as packing programs write it. `size` is what its directory says instead of the truth. */
export function zipOf(files: Readonly<Record<string, string | Uint8Array>>, size?: number): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let start = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const packed = deflateRawSync(content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(size ?? content.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), fields, Buffer.from(name), packed]);
    const listed = Buffer.alloc(46 - 6 - 24);
    listed.writeUInt32LE(start, 12);
    directory.push(
      Buffer.concat([
        Buffer.from('PK\u0001\u0002\u0014\u0000'),
        fields.subarray(0, 24),
        listed,
        Buffer.from(name),
      ]),
    );
    locals.push(local);
    start += local.length;
  }
  const end = Buffer.alloc(18);
  const bytes = Buffer.concat(directory);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(bytes.length, 8);
  end.writeUInt32LE(start, 12);
  return Buffer.concat([...locals, bytes, Buffer.from('PK\u0005\u0006'), end]);
}
