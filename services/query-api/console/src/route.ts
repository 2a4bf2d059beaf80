import { useEffect, useState } from "preact/hooks";

/** Where the page is; in the address, so that every view can be linked to. */
export type Route = { readonly view: "fleet" } | { readonly view: "node"; readonly node: string };

export function parseRoute(hash: string): Route {
  const match = /^#\/nodes\/([^/?]+)/.exec(hash);
  return match === null ? { view: "fleet" } : { view: "node", node: decodeURIComponent(match[1] as string) };
}

export const nodeLink = (node: string): string => `#/nodes/${encodeURIComponent(node)}`;

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}
