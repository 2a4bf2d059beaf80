import { useEffect, useRef } from "preact/hooks";
import { KEYS } from "./keys.ts";

/** Keys, and where to read on. */
export function Help({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-label="Keys and help">
      <h2>Keys</h2>
      <dl class="facts">
        {KEYS.map(([key, meaning]) => [
          <dt key={key}>
            <kbd>{key}</kbd>
          </dt>,
          <dd key={meaning}>{meaning}</dd>,
        ])}
      </dl>
      <h2>Words</h2>
      <p>
        <b>Unusable free memory</b> is the share of free memory that lies in blocks smaller than a huge page: free, and
        yet a huge page cannot be had of it. <b>Run-queue delay</b> is the time from being able to run to running.{" "}
        <b>Coverage</b> is the share of what should have been counted that was.
      </p>
      <p>
        Every address can be shared: it holds the view, the moment and the zoom. The API behind this page is described
        at <a href="/docs">/docs</a>.
      </p>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
