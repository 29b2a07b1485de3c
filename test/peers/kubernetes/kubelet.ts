/** What a kubelet makes of a container: its variables, and what they are in its arguments. PURE. */

/** As it is in a pod. */
export interface RunnableContainer {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
  }[];
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
}

/** Environment and arguments. `fields` is what the downward API says, by path; what it does not know is empty. */
export function asKubelet(
  { env, args }: RunnableContainer,
  fields: Readonly<Record<string, string>>,
): { readonly env: Record<string, string>; readonly args: readonly string[] } {
  const known: Record<string, string> = {};
  for (const { name, value, valueFrom } of env)
    known[name] = valueFrom === undefined ? expand(value ?? '', known) : (fields[valueFrom.fieldRef.fieldPath] ?? '');
  return { env: known, args: args.map((each) => expand(each, known)) };
}

/** `$(NAME)` is a variable that is known, `$$` a dollar; anything else stays (k8s.io/kubernetes third_party/forked/golang/expansion). */
function expand(text: string, known: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^()$]*)\)/g, (all, name: string | undefined) =>
    name === undefined ? '$' : (known[name] ?? all),
  );
}
