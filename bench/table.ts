/** Plain aligned tables for a terminal: the first column to the left, figures to the right. */

/**
 * Lines of a table, without trailing spaces or a last newline.
 *
 * @param head Column titles; their number is the number of columns.
 * @param rows Cells; a missing cell is empty, a surplus one an error of the caller.
 */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const render = (line: readonly string[]) =>
    widths
      .map((width, column) => (column === 0 ? (line[0] ?? '').padEnd(width) : (line[column] ?? '').padStart(width)))
      .join('  ')
      .trimEnd();
  return [render(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(render)].join('\n');
}
