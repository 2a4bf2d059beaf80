import { useEffect, useRef, useState } from "preact/hooks";
import { TOKEN_WANTED, writeToken } from "../http.ts";

/** Asks for a bearer token when the API wants one. */
export function TokenPrompt() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [token, setToken] = useState("");
  useEffect(() => {
    const ask = (): void => {
      if (dialog.current?.open === false) dialog.current.showModal();
    };
    addEventListener(TOKEN_WANTED, ask);
    return () => removeEventListener(TOKEN_WANTED, ask);
  }, []);
  return (
    <dialog ref={dialog} aria-label="Bearer token">
      <h2>This installation asks who you are</h2>
      <p class="quiet">A bearer token from its tokens file (FARMSCOPE_TOKENS_FILE). This tab alone keeps it.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          writeToken(token.trim());
          location.reload();
        }}
      >
        <label>
          token{" "}
          <input
            type="password"
            autocomplete="off"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>{" "}
        <button type="submit" disabled={token.trim() === ""}>
          Go on
        </button>
      </form>
    </dialog>
  );
}
