import { gunzipSync } from 'node:zlib';
import { InputError } from '../../faces/errors.js';
import { readBounded } from '../../files/read-bounded.js';
import { foreignKind, isGzip, isUtf16, officeKind } from './file-kind.js';
import { MAX_CANDLE_BYTES } from './limits.js';
import { isZip, unzip } from './zip.js';

const ADVICE = 'Split it, or use a coarser timeframe.';

/** The text of one file, or of one that is packed in another. */
export interface SourceText {
  /** As messages name it: the path, and behind it what it is in a zip. */
  readonly name: string;
  readonly text: string;
  readonly packed: 'gzip' | 'zip' | null;
}

/**
 * The texts in a file: UTF-8, or UTF-16 with its byte order mark, plain, compressed with gzip, or several in a zip.
 * Pipes and devices are read as well, up to the same limit.
 *
 * @throws InputError when there is no such file, when it is larger than `MAX_CANDLE_BYTES`, packed or not, and when it
 * is something else: the message says what, and what to do.
 */
export function readTexts(path: string): readonly SourceText[] {
  return textsOf(readContent(path), path);
}

/** The bytes of a file, a pipe or a device. @throws InputError as `readTexts`. */
export function readContent(path: string): Buffer {
  return readBounded(path, { limit: MAX_CANDLE_BYTES, advice: ADVICE, streams: true });
}

/** The texts in the bytes of a file. @throws InputError as `readTexts`. */
export function textsOf(content: Buffer, path: string): readonly SourceText[] {
  const office = officeKind(content);
  if (office) throw foreign(path, office);
  if (!isZip(content)) return [textOf(content, path)];
  const entries = unzip(content, path);
  if (entries.length === 0) throw new InputError(`'${path}' is a zip with no file in it. Check the path.`);
  return entries.map(({ name, content: inner }) => ({
    ...textOf(inner, `${path} » ${name}`),
    packed: 'zip' as const,
  }));
}

function textOf(content: Buffer, name: string): SourceText {
  const packed = isGzip(content);
  const plain = packed ? unpacked(content, name) : content;
  const kind = officeKind(plain) ?? (isZip(plain) ? ZIP_INSIDE : foreignKind(plain));
  if (kind) throw foreign(name, kind);
  const text = isUtf16(plain)
    ? new TextDecoder(plain[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(plain)
    : plain.toString('utf8');
  return { name, text, packed: packed ? 'gzip' : null };
}

const ZIP_INSIDE = { what: 'a zip in another archive', advice: 'Unpack the outer one.' };

function foreign(name: string, { what, advice }: { readonly what: string; readonly advice: string }) {
  return new InputError(`'${name}' holds no candles that can be read: it is ${what}. ${advice}`);
}

function unpacked(content: Buffer, path: string): Buffer {
  try {
    return gunzipSync(content, { maxOutputLength: MAX_CANDLE_BYTES });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new InputError(
        `'${path}' unpacks to more than the limit of ${MAX_CANDLE_BYTES} bytes. ${ADVICE}`,
        {
          cause: error,
          details: { limit: MAX_CANDLE_BYTES },
        },
      );
    }
    throw new InputError(`'${path}' is compressed with gzip, and damaged: ${message}. Fetch it again.`, {
      cause: error,
    });
  }
}
