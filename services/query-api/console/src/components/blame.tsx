/** Placeholder until the route's schema is there. */
export function Blame(_props: { readonly node: string; readonly atMs: number | null }) {
  return null;
}
