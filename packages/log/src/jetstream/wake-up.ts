import type { Clock } from "@farmscope/runtime";

/**
 * Wakes the one who waits for messages, thousands of times a second: so the timer of one wait serves the next ones too.
 * A waiter may be woken for nothing, and looks for himself.
 */
export class WakeUp {
  readonly #clock: Clock;
  #wake: (() => void) | null = null;
  #alarm: { readonly dueMs: number; readonly over: AbortController } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Resolves when it rings, at the latest after `ms`. */
  wait(ms: number): Promise<void> {
    this.#setAlarm(this.#clock.monotonicMs() + ms, ms);
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Takes the timer away, and wakes who waits. */
  close(): void {
    this.#alarm?.over.abort();
    this.#alarm = null;
    this.ring();
  }

  #setAlarm(dueMs: number, ms: number): void {
    if (this.#alarm !== null && this.#alarm.dueMs <= dueMs) return;
    this.#alarm?.over.abort();
    const alarm = { dueMs, over: new AbortController() };
    this.#alarm = alarm;
    const onDue = (): void => {
      if (this.#alarm !== alarm) return;
      this.#alarm = null;
      this.ring();
    };
    this.#clock.sleep(ms, alarm.over.signal).then(onDue, () => undefined);
  }
}
