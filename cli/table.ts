/**
 * Plain text tables: columns as wide as their widest cell, two spaces between, no lines, nothing behind the last cell.
 */

/** How one column is printed. */
export interface Column {
  readonly title: string;
  /** Default left; numbers read better on the right. */
  readonly align?: 'left' | 'right';
}

/** The table's text, a line feed after every line; only the titles when there are no rows. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const titles = columns.map((column) => column.title);
  const widths = columns.map((column, i) => Math.max(column.title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => {
    const padded = columns.map((column, i) => pad(cells[i] ?? '', widths[i]!, column.align));
    return `${padded.join('  ').trimEnd()}\n`;
  };
  return [titles, ...rows].map(line).join('');
}

/** How long something has lasted, in the two largest units: 850ms, 12s, 3m 20s, 5h 2m, 4d 1h. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return `${Math.max(0, Math.round(ms))}ms`;
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${seconds % 60}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

function pad(text: string, width: number, align: Column['align']): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}
