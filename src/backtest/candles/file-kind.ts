import { isZip } from './zip.js';

/** A kind of file that holds no candles, by its first bytes, and what to do with it. */
interface Kind {
  readonly what: string;
  readonly advice: string;
  readonly matches: (head: Buffer) => boolean;
}

/** Bytes of a file that tell its kind: the names in a zip's first entries stand there. */
const HEAD_BYTES = 8192;

const UNPACK = 'Unpack it, and pass the CSV file that is in it.';
const AS_CSV = 'Save it as CSV (UTF-8), and pass that.';

/** Office programs pack their files in a zip. */
const OFFICE: readonly Kind[] = [
  kind(
    'an Excel workbook (.xlsx)',
    AS_CSV,
    (head) => isZip(head) && /xl\/|\[Content_Types\]/.test(latin(head)),
  ),
  kind(
    'an OpenDocument spreadsheet (.ods)',
    AS_CSV,
    (head) => isZip(head) && /opendocument/.test(latin(head)),
  ),
];

const KINDS: readonly Kind[] = [
  ...OFFICE,
  kind('an old Excel workbook (.xls)', AS_CSV, bytes(0xd0, 0xcf, 0x11, 0xe0)),
  kind(
    'a Parquet file',
    'Convert it to CSV, or read it with loadCandles, which takes Parquet as well.',
    text('PAR1'),
  ),
  kind('a Feather or Arrow file', 'Convert it to CSV.', text('ARROW1', 'FEA1')),
  kind('an ORC file', 'Convert it to CSV.', text('ORC')),
  kind('an Avro file', 'Convert it to CSV.', text('Obj\u0001')),
  kind('an HDF5 file', 'Convert it to CSV.', bytes(0x89, 0x48, 0x44, 0x46)),
  kind('a NumPy array', 'Convert it to CSV.', bytes(0x93, 0x4e, 0x55, 0x4d)),
  kind(
    'an SQLite database',
    'Export the table as CSV: sqlite3 -header -csv FILE "SELECT …".',
    text('SQLite format 3'),
  ),
  kind('compressed with bzip2', UNPACK, text('BZh')),
  kind('compressed with xz', UNPACK, bytes(0xfd, 0x37, 0x7a, 0x58, 0x5a)),
  kind('compressed with zstd', UNPACK, bytes(0x28, 0xb5, 0x2f, 0xfd)),
  kind('compressed with lz4', UNPACK, bytes(0x04, 0x22, 0x4d, 0x18)),
  kind('a 7z archive', UNPACK, bytes(0x37, 0x7a, 0xbc, 0xaf)),
  kind('a rar archive', UNPACK, text('Rar!')),
  kind('a tar archive', UNPACK, (head) => head.subarray(257, 262).toString('latin1') === 'ustar'),
  kind('a PDF document', AS_CSV, text('%PDF')),
  kind('UTF-32 text', AS_CSV, (head) => isUtf32(head)),
  kind('UTF-16 text without a byte order mark', AS_CSV, isUnmarkedUtf16),
  kind('a web page (HTML), not the file behind it', 'Download the CSV file itself.', (head) =>
    /^\s*<(?:!doctype|html|head|body)/i.test(withoutMark(head)),
  ),
  kind('XML', AS_CSV, (head) => /^\s*<\?xml/i.test(withoutMark(head))),
  kind(
    'a pointer of Git LFS, not the file itself',
    'Fetch it with: git lfs pull.',
    text('version https://git-lfs'),
  ),
  // Last: text of any language has no NUL.
  kind('no text: it holds NUL bytes', 'Pass a CSV file.', (head) => !isUtf16(head) && head.includes(0)),
];

/** What a file is when it is no text with candles, as the end of a sentence and what to do; undefined when it may be one. */
export function foreignKind(content: Buffer): { readonly what: string; readonly advice: string } | undefined {
  const head = content.subarray(0, HEAD_BYTES);
  return KINDS.find(({ matches }) => matches(head));
}

/** What an office program packed in a zip, as {@link foreignKind}; undefined for other zips and other files. */
export function officeKind(content: Buffer): { readonly what: string; readonly advice: string } | undefined {
  const head = content.subarray(0, HEAD_BYTES);
  return OFFICE.find(({ matches }) => matches(head));
}

export function isGzip(content: Buffer): boolean {
  return content[0] === 0x1f && content[1] === 0x8b;
}

/** Whether the text begins with the byte order mark of UTF-16, as Excel's "Unicode text" does. */
export function isUtf16(content: Buffer): boolean {
  const mark = content.length >= 2 ? content.readUInt16BE(0) : 0;
  return (mark === 0xfeff || mark === 0xfffe) && !isUtf32(content);
}

function kind(what: string, advice: string, matches: (head: Buffer) => boolean): Kind {
  return { what, advice, matches };
}

function bytes(...first: readonly number[]) {
  return (head: Buffer) => first.every((byte, index) => head[index] === byte);
}

function text(...beginnings: readonly string[]) {
  return (head: Buffer) => beginnings.some((beginning) => latin(head).startsWith(beginning));
}

function isUtf32(head: Buffer): boolean {
  return bytes(0xff, 0xfe, 0, 0)(head) || bytes(0, 0, 0xfe, 0xff)(head);
}

/** English text in UTF-16 has a NUL in every second byte. */
function isUnmarkedUtf16(head: Buffer): boolean {
  if (head.length < 8 || isUtf16(head)) return false;
  const zeros = [0, 0];
  for (const [index, byte] of head.subarray(0, 64).entries())
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const half = Math.min(head.length, 64) / 2;
  return Math.max(...zeros) > half * 0.8 && Math.min(...zeros) === 0;
}

function withoutMark(head: Buffer): string {
  return head.toString('utf8').replace(/^\uFEFF/, '');
}

function latin(head: Buffer): string {
  return head.toString('latin1');
}
