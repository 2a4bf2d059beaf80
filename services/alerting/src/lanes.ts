import { laneOf, type Notification } from "./notification.ts";

/**
 * Queues of notifications, one a lane: within a lane one after the other, lanes beside each other. A lane lives while it
 * has something to do.
 */
export class Lanes<T extends Notification> {
  readonly #work: (item: T) => Promise<void>;
  readonly #queues = new Map<string, T[]>();
  readonly #running = new Set<Promise<void>>();
  #size = 0;

  /** @param work does one item; what it throws ends the lane's run and comes out of {@link idle}. */
  constructor(work: (item: T) => Promise<void>) {
    this.#work = work;
  }

  /** Items waiting and under way. */
  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    const lane = laneOf(item);
    const queue = this.#queues.get(lane);
    this.#size++;
    if (queue !== undefined) {
      queue.push(item);
      return;
    }
    const fresh = [item];
    this.#queues.set(lane, fresh);
    const run: Promise<void> = this.#run(lane, fresh).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Resolves when nothing is waiting or under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(lane: string, queue: T[]): Promise<void> {
    for (let item = queue[0]; item !== undefined; item = queue[0]) {
      await this.#work(item);
      queue.shift();
      this.#size--;
    }
    this.#queues.delete(lane);
  }
}
