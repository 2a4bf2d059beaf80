import { useMemo, useState } from "preact/hooks";
import type { NodeLine, Nodes } from "../nodes.ts";
import { linkTo } from "../route.ts";

const SHOWN_MAX = 12;

/** Finds a node by a part of its id or name; Enter opens the first. */
export function NodeFinder({ nodes }: { readonly nodes: Nodes | null }) {
  const [text, setText] = useState("");
  const found = useMemo(() => find(nodes, text), [nodes, text]);
  const go = (node: NodeLine | undefined): void => {
    if (node === undefined) return;
    location.hash = linkTo("nodes", node.node);
    setText("");
    (document.activeElement as HTMLElement | null)?.blur();
  };
  return (
    <form
      class="finder"
      onSubmit={(event) => {
        event.preventDefault();
        go(found[0]);
      }}
    >
      <input
        id="node-finder"
        type="search"
        list="nodes-found"
        placeholder="find a node"
        aria-label="Find a node"
        autocomplete="off"
        value={text}
        onInput={(event) => {
          const word = event.currentTarget.value;
          setText(word);
          // A whole name that was taken from the list opens at once.
          if (!(event instanceof InputEvent) || event.inputType === "insertReplacementText") go(nodes?.get(word));
        }}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          setText("");
          event.currentTarget.blur();
        }}
      />
      <datalist id="nodes-found">
        {found.map((node) => (
          <option key={node.node} value={node.node}>
            {node.label} · {node.farm}
          </option>
        ))}
      </datalist>
    </form>
  );
}

function find(nodes: Nodes | null, text: string): NodeLine[] {
  const word = text.trim().toLowerCase();
  if (word === "" || nodes === null) return [];
  const found: NodeLine[] = [];
  for (const node of nodes.values()) {
    if (!node.node.toLowerCase().includes(word) && !node.label.toLowerCase().includes(word)) continue;
    found.push(node);
    if (found.length === SHOWN_MAX) break;
  }
  return found;
}
