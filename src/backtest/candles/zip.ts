import { crc32, inflateRawSync } from 'node:zlib';
import { InputError } from '../../faces/errors.js';
import { MAX_CANDLE_BYTES, MAX_ZIP_ENTRIES } from './limits.js';

/** A file that is packed in a zip. */
export interface ZipEntry {
  readonly name: string;
  readonly content: Buffer;
}

interface Listed {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packed: number;
  readonly size: number;
  /** Where the entry's own header begins. */
  readonly start: number;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const MAX_COMMENT = 65_535;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
/** Stands where a field of four bytes is too short and its value is elsewhere (zip64). */
const ELSEWHERE = 0xffffffff;

export function isZip(content: Buffer): boolean {
  return content.length >= 4 && [LOCAL, END].includes(content.readUInt32LE(0));
}

/**
 * The files in a zip, by name. Read by its directory at the end, as the format wants it: what stands before an entry may
 * belong to nothing. All together unpack to at most `MAX_CANDLE_BYTES`; folders, hidden files and what macOS adds are left
 * out.
 *
 * @throws InputError when it is damaged, encrypted, of the 64-bit form, or too large.
 */
export function unzip(content: Buffer, path: string): readonly ZipEntry[] {
  const listed = directoryOf(content, path).filter(({ name }) => !/\/$|^__MACOSX\/|(?:^|\/)\./.test(name));
  let room = MAX_CANDLE_BYTES;
  const entries = listed.map((entry): ZipEntry => {
    if (entry.size > room) {
      throw new InputError(
        `'${path}' unpacks to more than the limit of ${MAX_CANDLE_BYTES} bytes. Split it, or use a coarser timeframe.`,
        { details: { limit: MAX_CANDLE_BYTES } },
      );
    }
    room -= entry.size;
    return { name: entry.name, content: unpack(content, entry, path) };
  });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function directoryOf(content: Buffer, path: string): Listed[] {
  const end = content.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]), content.length - END_BYTES);
  if (end < 0 || end < content.length - END_BYTES - MAX_COMMENT)
    throw damaged(path, 'its directory is missing');
  const count = content.readUInt16LE(end + 10);
  if (count > MAX_ZIP_ENTRIES) {
    throw new InputError(
      `'${path}' is a zip of ${count} files; the limit is ${MAX_ZIP_ENTRIES}. Pass several.`,
    );
  }
  const listed: Listed[] = [];
  let at = content.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    if (at + 46 > content.length || content.readUInt32LE(at) !== CENTRAL)
      throw damaged(path, 'its directory ends early');
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) =>
      content.readUInt16LE(at + offset),
    ) as [number, number, number];
    const name = content.toString('utf8', at + 46, at + 46 + nameBytes);
    if (content.readUInt16LE(at + 8) & ENCRYPTED) {
      throw new InputError(`'${path}' is an encrypted zip. Unpack it, and pass the file that is in it.`);
    }
    listed.push({
      name,
      method: content.readUInt16LE(at + 10),
      checksum: content.readUInt32LE(at + 16),
      packed: content.readUInt32LE(at + 20),
      size: content.readUInt32LE(at + 24),
      start: content.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  return listed;
}

function unpack(
  content: Buffer,
  { name, method, checksum, packed, size, start }: Listed,
  path: string,
): Buffer {
  if ([packed, size, start].includes(ELSEWHERE)) {
    throw new InputError(
      `'${path}' is a zip of the 64-bit form. Unpack it, and pass the file that is in it.`,
    );
  }
  if (start + 30 > content.length || content.readUInt32LE(start) !== LOCAL)
    throw damaged(path, `'${name}' is not where the directory says`);
  const data = start + 30 + content.readUInt16LE(start + 26) + content.readUInt16LE(start + 28);
  if (data + packed > content.length) throw damaged(path, `'${name}' ends early`);
  const plain = plainOf(content.subarray(data, data + packed), method, size, name, path);
  if (plain.length !== size || crc32(plain) !== checksum)
    throw damaged(path, `'${name}' does not match its checksum`);
  return plain;
}

/** The directory's size bounds what is unpacked, so that a file that lies about it costs nothing. */
function plainOf(bytes: Buffer, method: number, size: number, name: string, path: string): Buffer {
  if (method === STORED) return bytes;
  if (method !== DEFLATED) {
    throw new InputError(
      `'${name}' in '${path}' is packed by method ${method}. Pack it as usual, or unpack it.`,
    );
  }
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    throw damaged(path, `'${name}' cannot be unpacked: ${(error as Error).message}`, error);
  }
}

function damaged(path: string, why: string, cause?: unknown): InputError {
  return new InputError(`'${path}' is a zip archive, and damaged: ${why}. Fetch it again.`, { cause });
}
