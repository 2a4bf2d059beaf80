import { create, type Signal, type SignalDistribution, SignalDistributionSchema } from "@farmscope/proto";
import { Distribution } from "../distribution/distribution.ts";
import type { StateReader } from "../state/state-reader.ts";
import type { StateWriter } from "../state/state-writer.ts";

/** One distribution for each signal that was seen. */
export class SignalSet {
  readonly #distributions = new Map<Signal, Distribution>();

  get empty(): boolean {
    return this.#distributions.size === 0;
  }

  /** The distribution of a signal; created when it is asked for first. */
  of(signal: Signal): Distribution {
    let distribution = this.#distributions.get(signal);
    if (distribution === undefined) {
      distribution = new Distribution();
      this.#distributions.set(signal, distribution);
    }
    return distribution;
  }

  /** Adds all of another set. */
  add(other: SignalSet): void {
    for (const [signal, distribution] of other.#distributions) this.of(signal).add(distribution);
  }

  /**
   * Adds what stands in a view.
   * @throws {WireFormatError} when its bytes are malformed.
   */
  addProto(views: readonly SignalDistribution[]): void {
    for (const { signal, distribution } of views) {
      if (distribution !== undefined) this.of(signal).add(Distribution.fromProto(distribution));
    }
  }

  /**
   * Takes away what stands in a view and was added before.
   * @throws {WireFormatError} when its bytes are malformed.
   */
  subtractProto(views: readonly SignalDistribution[]): void {
    for (const { signal, distribution } of views) {
      if (distribution !== undefined) this.of(signal).subtract(Distribution.fromProto(distribution));
    }
  }

  /** Writes all of it, for {@link decode}. */
  encode(into: StateWriter): void {
    into.list(this.#distributions, ([signal, distribution]) => {
      into.count(signal);
      distribution.encode(into);
    });
  }

  /** Takes over what {@link encode} wrote; to be called on a new one. @throws {WireFormatError} malformed. */
  decode(from: StateReader): void {
    from.list(() => this.of(from.count() as Signal).decode(from));
  }

  /** As it stands in views, by signal. Equal contents give equal messages. */
  toProto(): SignalDistribution[] {
    return [...this.#distributions]
      .sort(([a], [b]) => a - b)
      .map(([signal, distribution]) =>
        create(SignalDistributionSchema, { signal, distribution: distribution.toProto() }),
      );
  }
}
