import { ORDERS_MAX } from "@farmscope/domain";
import { QUANTILES_MAX } from "./limits.ts";
import { QUANTILES_DEFAULT } from "./measure/latency.ts";
import { RequestInvalid } from "./problems.ts";

/**
 * "0.5,0.95,0.99" as numbers.
 * @throws {OperatingError} REQUEST_INVALID.
 */
export function parseQuantiles(text: string | undefined): readonly number[] {
  if (text === undefined) return QUANTILES_DEFAULT;
  const quantiles = text.split(",").map(Number);
  if (quantiles.length <= QUANTILES_MAX && quantiles.every((quantile) => quantile >= 0 && quantile <= 1))
    return quantiles;
  throw new RequestInvalid([{ field: "quantiles", message: `must be at most ${QUANTILES_MAX} numbers in 0..1` }]);
}

/**
 * "huge" or a number as an order.
 * @throws {OperatingError} REQUEST_INVALID.
 */
export function parseOrder(text: string | undefined, hugeOrder: number): number {
  if (text === undefined || text === "huge") return hugeOrder;
  const order = Number(text);
  if (order < ORDERS_MAX) return order;
  throw new RequestInvalid([{ field: "order", message: `must be below ${ORDERS_MAX}` }]);
}
