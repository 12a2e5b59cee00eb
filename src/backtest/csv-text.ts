import { gunzipSync } from 'node:zlib';
import { InputError } from '../faces/errors.js';
import { readBounded } from '../files/read-bounded.js';
import { MAX_CSV_BYTES } from '../limits.js';
import { foreignKind, isGzip, isUtf16 } from './file-kind.js';

const ADVICE = 'Split it, or use a coarser timeframe.';

/**
 * The text of a CSV file: UTF-8, or UTF-16 with its byte order mark, also compressed with gzip. Pipes and devices are
 * read as well, up to the same limit.
 *
 * @throws InputError when there is no such file, when it is larger than `MAX_CSV_BYTES`, compressed or not, and when it
 * is something else: the message says what, and what to do.
 */
export function readCsvText(path: string): string {
  const content = readBounded(path, { limit: MAX_CSV_BYTES, advice: ADVICE, streams: true });
  const plain = isGzip(content) ? unpacked(content, path) : content;
  const kind = foreignKind(plain);
  if (kind) throw new InputError(`'${path}' is not CSV text: it is ${kind.what}. ${kind.advice}`);
  if (!isUtf16(plain)) return plain.toString('utf8');
  return new TextDecoder(plain[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(plain);
}

function unpacked(content: Buffer, path: string): Buffer {
  try {
    return gunzipSync(content, { maxOutputLength: MAX_CSV_BYTES });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new InputError(`'${path}' unpacks to more than the limit of ${MAX_CSV_BYTES} bytes. ${ADVICE}`, {
        cause: error,
        details: { limit: MAX_CSV_BYTES },
      });
    }
    throw new InputError(`'${path}' is compressed with gzip, and damaged: ${message}. Fetch it again.`, {
      cause: error,
    });
  }
}
