import { SHOWN_CELL_CHARACTERS } from '../limits.js';

/** A cell for a message: a wrong file may have cells of megabytes, and characters that drive a terminal. */
export function shown(cell: string): string {
  if (cell === '') return 'empty';
  const start = cell.slice(0, SHOWN_CELL_CHARACTERS).replace(/\p{C}/gu, '\uFFFD');
  return cell.length > SHOWN_CELL_CHARACTERS ? `'${start}…'` : `'${start}'`;
}
