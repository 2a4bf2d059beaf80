import type { AlertsAnswer } from "../../../src/schemas/index.ts";
import { formatMoment, NOTHING } from "../format.ts";
import { Scroll } from "./bits.tsx";

const ROWS_MAX = 20;

/** What was sent to whom, and what came of it. */
export function Deliveries({ deliveries }: { readonly deliveries: AlertsAnswer["deliveries"] }) {
  if (deliveries.length === 0)
    return (
      <p class="empty">Nothing has been sent. Targets are set by FARMSCOPE_WEBHOOK_URL and the receivers' file.</p>
    );
  return (
    <Scroll label="Deliveries">
      <table>
        <thead>
          <tr>
            <th>when</th>
            <th>target</th>
            <th>alert</th>
            <th class="number">attempt</th>
            <th>result</th>
          </tr>
        </thead>
        <tbody>
          {deliveries.slice(0, ROWS_MAX).map((delivery) => (
            <tr key={`${delivery.target}/${delivery.incident}/${delivery.attempt}/${delivery.atMs}`}>
              <td>{formatMoment(delivery.atMs)}</td>
              <td>{delivery.target}</td>
              <td class="path" title={delivery.alertKey}>
                {delivery.alertKey}
              </td>
              <td class="number">{delivery.attempt}</td>
              <td>
                <span class={`badge ${delivery.result === "delivered" ? "good" : "warning"}`}>
                  {delivery.result ?? "not known yet"}
                </span>{" "}
                <small>{delivery.httpStatus ?? NOTHING}</small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
