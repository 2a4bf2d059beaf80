import type { ControlAppender, LiveControl } from "@farmscope/control";
import type { RegisteredFarm } from "@farmscope/domain";
import { OperatingError } from "@farmscope/runtime";
import { REGISTRY_TRIES_MAX } from "../limits.ts";
import { RequestInvalid } from "../problems.ts";

/** A node's farm by the registry, and whether this request made it so. */
export interface Assignment extends RegisteredFarm {
  readonly changed: boolean;
}

/**
 * The registry of nodes: which farm each belongs to. It stands in fs.control and nowhere else; emitters read it there and
 * move at the boundary of a batch.
 */
export class Registry {
  readonly #control: ControlAppender;
  readonly #controlled: LiveControl;

  constructor(control: ControlAppender, controlled: LiveControl) {
    this.#control = control;
    this.#controlled = controlled;
  }

  /**
   * Moves a node to a farm; nothing is written when it belongs there already. Of two that move a node at the same time,
   * the one whose record comes first in the log is the older version: the other tries again on top of it.
   * @throws {OperatingError} REQUEST_INVALID; OVERLOADED, LOG_UNAVAILABLE (retriable).
   */
  async assign(node: string, farm: string, by: string): Promise<Assignment> {
    const { memberships } = this.#controlled.book;
    await this.#controlled.refresh();
    for (let tries = 0; tries < REGISTRY_TRIES_MAX; tries++) {
      const known = memberships.of(node);
      if (known?.farm === farm) return { ...known, changed: false };
      const version = (known?.version ?? 0) + 1;
      const appended = await this.#control.append({ case: "membership", value: { node, farm, version } }, { by });
      if (appended.kind === "invalid") throw new RequestInvalid(appended.faults);
      await this.#controlled.refresh();
      const now = memberships.of(node);
      if (now?.place.position === appended.position) return { ...now, changed: true };
      if (now === null) throw full();
    }
    throw new OperatingError("OVERLOADED", `"${node}" is being moved by others`, { retriable: true });
  }
}

function full(): OperatingError {
  return new OperatingError("OVERLOADED", "the registry names as many nodes as it may", {
    remedy: "set FARMSCOPE_FARM at the node itself",
  });
}
