/** Built at first use and kept: tables of the whole subset would cost memory and time that one process never gets back. */

/** A function that calls `build` once per name. `build` must be pure; undefined is kept, too. */
export function memoized<T>(build: (name: string) => T): (name: string) => T {
  const built = new Map<string, T>();
  return (name) => {
    if (built.has(name)) return built.get(name)!;
    const value = build(name);
    built.set(name, value);
    return value;
  };
}
