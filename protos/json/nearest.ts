/** Finds the name that somebody probably meant. */

/** The candidate with the smallest edit distance, if it is near enough to be a likely slip; else undefined. */
export function nearestName(wanted: string, candidates: Iterable<string>): string | undefined {
  return nearestNames(wanted, candidates, 1)[0];
}

/** At most `count` candidates that are near enough, the nearest first. */
export function nearestNames(wanted: string, candidates: Iterable<string>, count: number): string[] {
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  const near: { name: string; distance: number }[] = [];
  for (const name of candidates) {
    const distance = editDistance(wanted, name, limit);
    if (distance <= limit) near.push({ name, distance });
  }
  near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return near.slice(0, count).map((each) => each.name);
}

/** Levenshtein distance; gives up with `limit + 1` once it must be larger than the limit. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let smallest = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const cost = Math.min(previous[j]! + 1, row[j - 1]! + 1, replaced);
      row.push(cost);
      smallest = Math.min(smallest, cost);
    }
    if (smallest > limit) return limit + 1;
    previous = row;
  }
  return previous[b.length]!;
}
