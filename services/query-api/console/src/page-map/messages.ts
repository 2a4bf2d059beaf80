/** What the page and the worker of page maps say to each other. */
import type { PageMapHead, RunColumns } from "./columns.ts";
import type { ClassEntry, Mode } from "./modes.ts";
import type { PictureSpan } from "./paint.ts";

export type ToWorker =
  | { readonly kind: "load"; readonly id: number; readonly address: string; readonly headers: Record<string, string> }
  | {
      readonly kind: "paint";
      readonly id: number;
      readonly mode: Mode;
      readonly span: PictureSpan;
    };

export type FromWorker =
  | { readonly kind: "loaded"; readonly id: number; readonly head: PageMapHead; readonly runs: RunColumns }
  | { readonly kind: "failed"; readonly id: number; readonly status: number; readonly message: string }
  | {
      readonly kind: "painted";
      readonly id: number;
      readonly span: PictureSpan;
      readonly entries: readonly ClassEntry[];
      readonly pixels: Uint8Array<ArrayBuffer>;
    };
